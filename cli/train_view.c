#include "cli/train_view.h"

#include "base/cpu.h"
#include "cli/signals.h"

#include <math.h>
#include <string.h>

/* Seconds between two showings. */
#define LIVE_SECONDS 0.1
#define PLAIN_SECONDS 10.0
#define WORKING_SECONDS 30.0

/* Lines of their own follow. */
static void close_line(cli_train_view *view) {
    if (view->working)
        cli_line_clear(&view->line);
    cli_line_keep(&view->line);
    view->working = false;
    view->began = 0;
}

static void stepped(void *context, const train_progress *p) {
    cli_train_view *view = context;
    double now = base_cpu_seconds();
    if (p->step != p->steps &&
        now - view->last < (view->line.terminal ? LIVE_SECONDS : PLAIN_SECONDS))
        return;
    char line[300], left[32], scores[80] = "";
    view->last = now;
    if (p->metric)
        snprintf(scores, sizeof scores, "  %s %.2f best %.2f", p->metric,
                 (p->plain ? 1 : 100) * p->score, (p->plain ? 1 : 100) * p->best);
    snprintf(line, sizeof line,
             "%s left  step %zu/%zu  loss %.4f%s  epoch %.2f  lr %.2e  norm %.2f  %.1f pairs/s  "
             "%.0f tokens/s",
             cli_duration(p->seconds_left, left, sizeof left), p->step, p->steps, p->loss, scores,
             p->epoch, p->learning_rate, p->grad_norm, p->pairs_per_second, p->tokens_per_second);
    cli_line_show(&view->line, line);
}

/* Elsewhere than on a terminal only what takes very long: what follows has lines of its own. */
static void working(void *context, const char *what, size_t done, size_t total) {
    cli_train_view *view = context;
    double now = base_cpu_seconds();
    char line[160], left[32];
    if (done == total) {
        if (view->working)
            cli_line_clear(&view->line);
        view->working = false;
        view->began = 0;
        return;
    }
    if (view->began == 0) {
        view->began = now;
        view->before = done;
        view->last = view->line.terminal ? view->last : now;
    }
    if (now - view->last < (view->line.terminal ? LIVE_SECONDS : WORKING_SECONDS))
        return;
    if (!view->working)
        cli_line_keep(&view->line);
    view->working = true;
    view->last = now;
    double rate = (double)(done - view->before) / fmax(now - view->began, 1e-9);
    if (rate > 0)
        snprintf(line, sizeof line, "%s left  %s  %zu/%zu texts  %.0f texts/s",
                 cli_duration((double)(total - done) / rate, left, sizeof left), what, done, total,
                 rate);
    else
        snprintf(line, sizeof line, "%s  %zu/%zu texts", what, done, total);
    cli_line_show(&view->line, line);
}

static void evaluated(void *context, size_t step, const train_evaluation *entry,
                      const eval_result *result) {
    close_line(context);
    fprintf(stderr, "step %zu  %s (%s, %zu %s)", step, entry->data, train_when_names()[entry->when],
            result->examples, result->counted);
    for (size_t i = 0; i < result->metrics && i < 2; i++) {
        const eval_metric *m = &result->metric[i];
        if (m->value.undefined)
            fprintf(stderr, "  %s undefined: %s", m->name, m->value.undefined);
        else
            fprintf(stderr, "  %s %.2f", m->name, (m->plain ? 1 : 100) * m->value.value);
    }
    fputc('\n', stderr);
}

static void saved(void *context, const char *what, size_t step) {
    close_line(context);
    fprintf(stderr, "step %zu  %s saved\n", step, what);
}

static bool stop(void *context) {
    (void)context;
    return cli_signal() != 0;
}

train_events cli_train_events(cli_train_view *view, bool shown) {
    *view = (cli_train_view){0};
    cli_line_start(&view->line);
    return shown ? (train_events){view, stepped, evaluated, saved, stop, working}
                 : (train_events){.context = view, .stop = stop};
}

void cli_train_view_end(cli_train_view *view) {
    close_line(view);
    cli_line_end(&view->line);
}

void cli_train_summary(const train_summary *o, FILE *out) {
    fprintf(out, "rows        %zu", o->rows);
    fprintf(out, " (and %zu skipped without a gold label)\n", o->skipped);
    if (o->unused)
        fprintf(out, "unused      %zu rows that are no positive pairs\n", o->unused);
    if (o->replaced)
        fprintf(out, "replaced    %zu ill-formed UTF-8 sequences\n", o->replaced);
    fprintf(out, "lengths     50%% of texts have at most %zu ids, 90%% %zu, 99%% %zu, all %zu\n",
            o->length[0], o->length[1], o->length[2], o->length[3]);
    fprintf(out, "truncated   %zu of %zu texts\n", o->truncated, o->texts);
    fprintf(out, "steps       %zu of %zu rows, %.4g epoch%s\n", o->steps, o->batch_rows, o->epochs,
            o->epochs == 1 ? "" : "s");
    if (o->dropped)
        fprintf(out, "dropped     %zu rows that came into no batch\n", o->dropped);
    if (o->conflicting)
        fprintf(out, "conflicting %zu rows in smaller batches because of repeated texts\n",
                o->conflicting);
    fprintf(out, "parameters  %zu, of which %zu are trained\n", o->elements, o->trainable);
    fprintf(out, "disk        up to %.1f MiB: a model of %.1f, checkpoints of %.1f\n",
            (double)o->space.most / 0x1p20, (double)o->space.model / 0x1p20,
            (double)o->space.checkpoint / 0x1p20);
}

void cli_train_data(const train_summary *o, bool samples, FILE *out) {
    for (size_t i = 0; i < o->previews; i++) {
        const train_preview *p = &o->preview[i];
        if (o->previews > 1 && (p->classes || p->scored || samples))
            fprintf(out, "data        %s\n", p->name);
        for (size_t c = 0; c < p->classes; c++) {
            char shown[80];
            fprintf(out, "%s%s %zu", c ? ", " : "labels      ",
                    base_escape(shown, sizeof shown, p->label[c], strlen(p->label[c])),
                    p->label_rows[c]);
        }
        if (p->classes)
            fputc('\n', out);
        if (p->scored)
            fprintf(out, "scores      %g to %g, of a scale from %g to %g\n", p->least, p->most,
                    p->low, p->high);
        for (size_t s = 0; samples && s < TRAIN_SAMPLES && p->sample[s]; s++)
            fprintf(out, "%-11s %s\n", s ? "" : "rows like", p->sample[s]);
    }
}

void cli_train_outcome(const train_outcome *o, const train_summary *summary, const char *folder) {
    char time[32];
    printf("%s after step %zu of %zu",
           o->stopped ? "stopped"
           : o->early ? "stopped early"
                      : "done",
           o->step, o->steps);
    printf(", %s of steps, %.1f pairs/s\n", cli_duration(o->seconds, time, sizeof time),
           o->pairs_per_second);
    if (summary->truncated)
        printf("%zu of %zu texts were cut to the model's length\n", summary->truncated,
               summary->texts);
    if (o->has_best)
        printf("best %s %.2f%s at step %zu\n", o->metric, (o->plain ? 1 : 100) * o->best,
               o->plain ? "" : " (x100)", o->best_step);
    if (o->model_folder)
        printf("model in %s\n", o->model_folder);
    if (o->stopped && !o->resumable)
        printf("model of that step in %s/checkpoints\n", folder);
    else if (o->stopped)
        printf("go on with: sbert train ... --resume (checkpoint in %s/checkpoints)\n", folder);
}
