#include "train/evaluation.h"

#include "base/file.h"
#include "losses/loss_folder.h"
#include "train/evaluation_data.h"

#include <stdlib.h>
#include <string.h>

/* A metric that decides. */
typedef struct choice {
    const train_evaluation_data *of;
    const eval_measure *measure;
    char *metric; /* owned */
} choice;

struct train_evaluations {
    train_evaluation_data *items;
    size_t count;
    choice *choices;
    size_t choice_count;
    train_decider decider; /* its texts are owned */
    const loss *head;      /* that a saved model brings along */
    size_t batch_size;
};

/* ---- what decides ---- */

static bool is_taken(const train_evaluations *e, const train_evaluation_data *it,
                     const char *metric) {
    for (size_t i = 0; i < e->choice_count; i++)
        if (e->choices[i].of == it && !strcmp(e->choices[i].metric, metric))
            return true;
    return false;
}

/* The first dev entry that has the metric and whose one is not taken yet. */
static bool choose(train_evaluations *e, const char *metric, base_error *error) {
    for (size_t i = 0; i < e->count; i++) {
        const train_evaluation_data *it = &e->items[i];
        const eval_measure *measure = eval_measure_of(it->def, metric);
        if (it->entry->when != TRAIN_DEV || !measure || is_taken(e, it, metric))
            continue;
        choice *c = &e->choices[e->choice_count++];
        *c = (choice){it, measure, base_copy(metric, strlen(metric))};
        return c->metric || base_fail(error, BASE_FAILED, "out of memory");
    }
    return base_fail(error, BASE_BAD_INPUT,
                     "evaluation.metric is \"%s\", but no entry of evaluation.data with when "
                     "\"dev\" has it%s",
                     metric, e->choice_count ? ", or no further one" : "");
}

/* Without a metric named: the main one of the first dev entry. */
static bool choose_main(train_evaluations *e, const nn_model *model, base_error *error) {
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].entry->when == TRAIN_DEV) {
            char *metric = eval_main_metric(e->items[i].def, model, error);
            bool ok = metric && choose(e, metric, error);
            free(metric);
            return ok;
        }
    return true;
}

/* Their metrics, or their files without repetition, as one text. */
static char *join(const train_evaluations *e, bool files, base_error *error) {
    base_bytes out = {0};
    bool ok = files || e->choice_count < 2 || base_bytes_format(&out, error, "mean of ");
    for (size_t i = 0; ok && i < e->choice_count; i++) {
        const choice *c = &e->choices[i];
        bool again = files && i && c[-1].of == c->of;
        ok = again || base_bytes_format(&out, error, "%s%s", i ? ", " : "",
                                        files ? c->of->entry->data : c->metric);
    }
    return out.data;
}

static bool decide(train_evaluations *e, base_error *error) {
    train_decider *d = &e->decider;
    if (e->choice_count == 0)
        return true;
    d->smaller = true;
    for (size_t i = 0; i < e->choice_count; i++) {
        d->smaller = d->smaller && e->choices[i].measure->smaller;
        d->plain = d->plain || e->choices[i].measure->plain;
    }
    d->metric = join(e, false, error);
    d->file = join(e, true, error);
    return base_ok(error);
}

static bool choose_all(train_evaluations *e, const train_config *c, const nn_model *model,
                       base_error *error) {
    e->choices = base_alloc(c->metric.count + 1, sizeof *e->choices, error);
    bool ok = e->choices && (c->metric.count || choose_main(e, model, error));
    for (size_t i = 0; ok && i < c->metric.count; i++)
        ok = choose(e, c->metric.name[i], error) || base_fail_prefix(error, "%s", c->name);
    return ok && decide(e, error);
}

const train_decider *train_evaluations_decider(const train_evaluations *e) {
    return &e->decider;
}

bool train_decider_better(const train_decider *d, double a, double b) {
    return d->smaller ? a < b : a > b;
}

/* The mean of what decides; results[i] is of items[i]. */
static eval_value score_of(const train_evaluations *e, const eval_result *results) {
    eval_value mean = {0, e->choice_count ? NULL : "nothing decides"};
    for (size_t i = 0; i < e->choice_count && !mean.undefined; i++) {
        const choice *c = &e->choices[i];
        eval_value one = eval_result_get(&results[c->of - e->items], c->metric);
        double sign = c->measure->smaller && !e->decider.smaller ? -1 : 1;
        mean.value += sign * one.value / (double)e->choice_count;
        mean.undefined = one.undefined;
    }
    return mean;
}

/* Keys that would do nothing without a dev entry, or without any. */
static bool check_keys(const train_evaluations *e, const train_config *c, base_error *error) {
    const struct {
        const char *name;
        size_t value;
        bool useful;
        const char *wanted;
    } key[] = {
        {"patience", c->patience, e->decider.metric != NULL, " with when \"dev\""},
        {"delay", c->evaluate_delay, train_evaluations_any(e, TRAIN_DEV), " with when \"dev\""},
        {"batch_tokens", c->evaluate_tokens, e->count > 0, ""}};
    for (size_t i = 0; i < sizeof key / sizeof *key; i++)
        if (key[i].value && !key[i].useful)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: evaluation.%s is %zu, but evaluation.data has no entry%s",
                             c->name, key[i].name, key[i].value, key[i].wanted);
    return true;
}

train_evaluations *train_evaluations_new(const train_config *c, const nn_model *model,
                                         const loss *head, const train_sources *sources,
                                         base_error *error) {
    train_evaluations *e = base_alloc(1, sizeof *e, error);
    if (!e)
        return NULL;
    e->head = head;
    e->batch_size = c->batch_size;
    e->items = base_alloc(c->evaluation.count, sizeof *e->items, error);
    bool ok = e->items != NULL;
    for (size_t i = 0; ok && i < c->evaluation.count; i++)
        ok = train_evaluation_data_read(c, i, model, head, sources, &e->items[e->count++], error);
    if (ok && choose_all(e, c, model, error) && check_keys(e, c, error))
        return e;
    train_evaluations_free(e);
    return NULL;
}

void train_evaluations_free(train_evaluations *e) {
    if (!e)
        return;
    for (size_t i = 0; i < e->count; i++)
        train_evaluation_data_release(&e->items[i]);
    for (size_t i = 0; i < e->choice_count; i++)
        free(e->choices[i].metric);
    free((char *)e->decider.metric);
    free((char *)e->decider.file);
    free(e->choices);
    free(e->items);
    free(e);
}

bool train_evaluations_any(const train_evaluations *e, train_when when) {
    for (size_t i = 0; i < e->count; i++)
        if (e->items[i].entry->when == when)
            return true;
    return false;
}

/* Gives the results only when there are all: an evaluation that is stopped leaves none. */
static bool run_items(const train_evaluations *e, train_when when, eval_subject *subject,
                      const train_evaluations_listener *listener, eval_value *score,
                      base_error *error) {
    eval_result *results = base_alloc(e->count, sizeof *results, error);
    const loss *head = subject->objective; /* as the model has it */
    const train_evaluation_data *decides =
        e->choice_count && when == TRAIN_DEV ? e->choices[0].of : NULL;
    bool ok = results != NULL;
    for (size_t i = 0; ok && i < e->count; i++)
        if (e->items[i].entry->when == when) {
            subject->prompt = train_prompts_get(&e->items[i].prompts);
            subject->positive = e->items[i].positive;
            subject->objective = e->items[i].objective == e->head ? head : e->items[i].objective;
            ok = eval_run(subject, &e->items[i].data, &results[i], error);
        }
    if (ok && decides)
        *score = score_of(e, results);
    for (size_t i = 0; ok && i < e->count; i++)
        if (e->items[i].entry->when == when)
            ok = listener->take(listener->context, e->items[i].entry, &results[i],
                                &e->items[i] == decides ? score : NULL, error);
    for (size_t i = 0; results && i < e->count; i++)
        eval_result_free(&results[i]);
    free(results);
    return ok;
}

bool train_evaluations_run(const train_evaluations *e, train_when when, const nn_model *model,
                           nn_context *context, const loss *head_loss,
                           const train_evaluations_listener *listener, eval_value *score,
                           base_error *error) {
    bool classifies = head_loss && loss_definition(head_loss)->logits;
    eval_head *head = classifies ? eval_head_new(head_loss, error) : NULL;
    eval_subject subject = {.model = model,
                            .context = context,
                            .progress = listener->progress,
                            .head = head,
                            .objective = head_loss,
                            .objective_rows = e->batch_size};
    *score = (eval_value){0, "nothing was evaluated"};
    bool ok = base_ok(error) && run_items(e, when, &subject, listener, score, error);
    eval_head_free(head);
    return ok;
}

/* NULL without an error when the model folder has no loss/. */
static loss *read_loss(const char *model_folder, base_error *error) {
    char *folder = base_path(model_folder, "loss", error);
    loss *l = folder && base_file_is_folder(folder) ? loss_read(folder, error) : NULL;
    free(folder);
    return l;
}

bool train_evaluations_run_folder(const train_evaluations *e, train_when when, const char *folder,
                                  nn_context *context, const train_evaluations_listener *listener,
                                  base_error *error) {
    eval_value score;
    if (!train_evaluations_any(e, when))
        return true;
    nn_model *model = nn_model_load(folder, &nn_model_any, error);
    loss *head = model ? read_loss(folder, error) : NULL;
    bool ok = model && base_ok(error) &&
              train_evaluations_run(e, when, model, context, head, listener, &score, error);
    loss_free(head);
    nn_model_free(model);
    return ok;
}
