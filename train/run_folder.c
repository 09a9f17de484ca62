#define _GNU_SOURCE
#include "train/run_folder.h"

#include "base/file.h"
#include "base/json_write.h"
#include "base/lock.h"
#include "base/output.h"
#include "train/checkpoint.h"
#include "train/tensorboard.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char lock_name[] = "run.lock";

/* What a run makes; nothing else in its folder is ever touched. The model of an old run stays until
 * the new one is saved. */
static const char *const made[] = {"model",       "checkpoints", "evaluations.jsonl",
                                   "config.json", "log.jsonl",   TRAIN_TENSORBOARD_FILE,
                                   "merged",      NULL};

struct train_run {
    base_lock *lock;
    FILE *log, *evaluations;
    train_tensorboard *board; /* NULL: none */
};

/* ---- may it begin ---- */

/* A log says that a folder is a run's, also one that a failed start has set aside; a lock alone is
 * what a killed one left. */
static void look_inside(const char *folder, bool *run, bool *empty) {
    DIR *d = opendir(folder);
    *run = false;
    *empty = true;
    for (struct dirent *e; d && (e = readdir(d));) {
        bool lock = !strcmp(e->d_name, lock_name);
        *run = *run || lock || !strncmp(e->d_name, "log.jsonl", strlen("log.jsonl"));
        *empty = *empty && (lock || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."));
    }
    if (d)
        closedir(d);
}

static bool check_present(const char *folder, train_start start, base_error *error) {
    bool run, empty;
    if (!base_file_is_folder(folder))
        return base_fail(error, BASE_BAD_INPUT, "%s: found a file, expected a run folder", folder);
    look_inside(folder, &run, &empty);
    if (empty)
        return true;
    if (!run)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found a folder that is no run folder (it has no log.jsonl); name "
                         "another output",
                         folder);
    return start != TRAIN_NEW ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found a run there; go on with it by --resume, or replace it by "
                     "--overwrite",
                     folder);
}

/* What a run starts from must still be there when it is started again; the old model is. */
static bool check_source(const char *folder, const char *key, const char *source,
                         base_error *error) {
    char *checkpoints = base_path(folder, "checkpoints", error);
    bool in = checkpoints && base_path_is_in(source, checkpoints);
    free(checkpoints);
    return in ? base_fail(error, BASE_BAD_INPUT,
                          "%s is %s, one of the checkpoints that --overwrite removes; copy it, or "
                          "name another output",
                          key, source)
              : base_ok(error);
}

/* Adapters are nothing without the model that they are for. */
static bool check_base(const train_config *c, base_error *error) {
    const char *base = c->lora_rank ? c->model_path : c->model_base;
    return !base || !base_file_exists(base) || !base_path_is_in(base, c->folder) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s lies in %s, which --overwrite replaces, and the new adapters would be for "
                     "it; name another output",
                     base, c->folder);
}

bool train_run_check(const train_config *c, train_start start, base_error *error) {
    const char *folder = c->folder;
    char *lock = base_path(folder, lock_name, error);
    bool ok = lock && (start == TRAIN_LOOK || base_lock_is_free(lock, folder, error)) &&
              (!base_file_exists(folder) || check_present(folder, start, error)) &&
              (start != TRAIN_OVERWRITE ||
               (check_source(folder, "model.path", c->model_path, error) &&
                check_source(folder, "loss.head", c->head, error) && check_base(c, error))) &&
              base_folder_can_make(folder, error);
    free(lock);
    return ok;
}

bool train_run_check_space(const char *folder, const train_space *s, base_error *error) {
    uint64_t there = 0, room = base_folder_space(folder);
    for (const char *const *name = made; *name; name++) {
        char *path = base_path(folder, *name, error);
        there += path ? base_folder_bytes(path, error) : 0;
        free(path);
    }
    uint64_t first = s->checkpoint > s->model ? s->checkpoint : s->model;
    uint64_t need = s->most > there + first ? s->most - there : first;
    if (room >= need)
        return base_ok(error);
    return base_fail(error, BASE_FAILED,
                     "%s: the run needs %.0f MiB (model %.0f MiB, a checkpoint %.0f MiB), but only "
                     "%.0f MiB are free; make room, lower checkpoint.keep, or name another output",
                     folder, (double)need / 0x1p20, (double)s->model / 0x1p20,
                     (double)s->checkpoint / 0x1p20, (double)room / 0x1p20);
}

/* ---- opening ---- */

/* Keeps the lines up to a step; each begins {"step":N. A line cut short by a crash goes too, and
 * the test scores of a run that was finished: they are measured again when it is finished again. */
static bool cut_lines(const char *path, size_t step, base_error *error) {
    base_bytes bytes = {0};
    if (!base_file_exists(path))
        return true;
    if (!base_file_read(path, &bytes, error))
        return false;
    char *end = bytes.data;
    for (char *line = bytes.data, *next; (next = strchr(line, '\n')); line = next + 1) {
        size_t at;
        *next = '\0';
        bool keep = sscanf(line, "{\"step\":%zu", &at) == 1 && at <= step &&
                    !strstr(line, "\"when\":\"test\"");
        *next = '\n';
        if (!keep)
            break;
        end = next + 1;
    }
    bool ok = base_file_write(path, bytes.data, (size_t)(end - bytes.data), error);
    base_bytes_free(&bytes);
    return ok;
}

static FILE *open_log(const char *folder, const char *name, size_t step, base_error *error) {
    char *path = base_path(folder, name, error);
    FILE *file = NULL;
    if (path && cut_lines(path, step, error)) {
        file = fopen(path, "ab");
        if (!file)
            base_fail(error, BASE_FAILED, "%s: cannot write: %s", path, strerror(errno));
    }
    free(path);
    return file;
}

static bool set_aside(const char *folder, base_error *error) {
    bool ok = true;
    for (const char *const *name = made; ok && *name; name++)
        ok = !strcmp(*name, "model") || base_output_set_aside(folder, *name, error);
    return ok;
}

/* Another process may have begun a run since train_run_check. */
static bool lock_folder(train_run *run, const train_config *c, train_start start,
                        base_error *error) {
    char *file = base_path(c->folder, lock_name, error);
    if (file && base_folder_make(c->folder, error))
        run->lock = base_lock_take(file, c->folder, error);
    free(file);
    return run->lock && check_present(c->folder, start, error);
}

static bool open_board(train_run *run, const train_config *c, size_t step, base_error *error) {
    if (!c->tensorboard)
        return train_tensorboard_cut(c->folder, step, error);
    run->board = train_tensorboard_open(c->folder, step, error);
    return run->board != NULL;
}

train_run *train_run_open(const train_config *c, train_start start, size_t step,
                          base_error *error) {
    const char *folder = c->folder;
    train_run *run = base_alloc(1, sizeof *run, error);
    if (!run)
        return NULL;
    if (lock_folder(run, c, start, error) && (step > 0 || set_aside(folder, error)))
        run->log = open_log(folder, "log.jsonl", step, error);
    if (run->log)
        run->evaluations = open_log(folder, "evaluations.jsonl", step, error);
    if (run->evaluations && open_board(run, c, step, error) &&
        base_json_write(folder, "config.json", c->tree, error))
        return run;
    train_run_close(run);
    return NULL;
}

static bool has_file(const char *folder, const char *name) {
    base_error ignored = {0};
    return base_file_exists_in(folder, name, &ignored);
}

/* Whether a checkpoint is more than a model. */
static bool has_state(const char *folder, size_t step) {
    base_error ignored = {0};
    char *path = train_checkpoint_path(folder, step, &ignored);
    bool has = path && has_file(path, "state.json");
    free(path);
    return has;
}

bool train_run_say_safe(const char *folder, base_error *error) {
    base_error ignored = {0};
    char safe[300], shown[200], checkpoint[80] = "";
    size_t count = 0, *steps = train_checkpoint_steps(folder, &count, &ignored);
    bool model = has_file(folder, "model");
    if (count > 0)
        snprintf(checkpoint, sizeof checkpoint, "the checkpoint of step %zu%s", steps[0],
                 has_state(folder, steps[0]) ? " (go on by --resume)" : "");
    base_escape(shown, sizeof shown, folder, strlen(folder));
    if (model || count > 0)
        snprintf(safe, sizeof safe, "; safe in %s: %s%s%s", shown, model ? "model/" : "",
                 model && count > 0 ? ", " : "", checkpoint);
    else
        snprintf(safe, sizeof safe, "; nothing was saved in %s yet", shown);
    size_t room = sizeof error->text - strlen(safe) - 1, used = strlen(error->text);
    memcpy(error->text + (used < room ? used : room), safe, strlen(safe) + 1);
    free(steps);
    return false;
}

bool train_run_clean(const char *folder, base_error *error) {
    return base_output_clean(folder, made, error);
}

void train_run_close(train_run *run) {
    if (!run)
        return;
    if (run->log)
        fclose(run->log);
    if (run->evaluations)
        fclose(run->evaluations);
    train_tensorboard_close(run->board);
    base_lock_release(run->lock);
    free(run);
}

/* ---- lines ---- */

static bool add_line(FILE *file, base_bytes *line, base_error *error) {
    bool ok = base_ok(error) && base_bytes_add(line, "\n", 1, error);
    if (ok && (fwrite(line->data, 1, line->size, file) != line->size || fflush(file)))
        ok = base_fail(error, BASE_FAILED, "the run's log cannot be written: %s", strerror(errno));
    base_bytes_free(line);
    return ok;
}

static bool draw_step(train_run *run, const train_progress *p, base_error *error) {
    const train_scalar scalars[] = {{"train/loss", p->loss},
                                    {"train/learning_rate", p->learning_rate},
                                    {"train/grad_norm", p->grad_norm},
                                    {"train/epoch", p->epoch}};
    return !run->board || train_tensorboard_add(run->board, p->step, scalars,
                                                sizeof scalars / sizeof *scalars, error);
}

/* Under "dev/FILE/METRIC". */
static bool draw_evaluation(train_run *run, size_t step, const train_evaluation *entry,
                            const eval_result *result, base_error *error) {
    bool ok = true;
    for (size_t i = 0; run->board && ok && i < result->metrics; i++) {
        const eval_metric *m = &result->metric[i];
        if (m->value.undefined)
            continue;
        char *tag = base_format("%s/%s/%s", train_when_names()[entry->when], entry->data, m->name);
        train_scalar scalar = {tag, m->value.value};
        ok = tag ? train_tensorboard_add(run->board, step, &scalar, 1, error)
                 : base_fail(error, BASE_FAILED, "out of memory");
        free(tag);
    }
    return ok;
}

bool train_run_log(train_run *run, const train_progress *p, base_error *error) {
    base_bytes line = {0};
    base_json_writer w = {.out = &line, .error = error};
    base_json_open(&w, NULL, '{');
    base_json_put_size(&w, "step", p->step);
    base_json_put_number(&w, "epoch", p->epoch, 6);
    base_json_put_number(&w, "loss", p->loss, 9);
    base_json_put_number(&w, "learning_rate", p->learning_rate, 9);
    base_json_put_number(&w, "grad_norm", p->grad_norm, 9);
    base_json_put_number(&w, "seconds", p->seconds, 6);
    base_json_put_number(&w, "pairs_per_second", p->pairs_per_second, 6);
    base_json_put_number(&w, "tokens_per_second", p->tokens_per_second, 6);
    base_json_close(&w, '}');
    return add_line(run->log, &line, error) && draw_step(run, p, error);
}

static void put_score(base_json_writer *w, const train_decider *d, const eval_value *score) {
    base_json_open(w, "decides", '{');
    base_json_put_text(w, "metric", d->metric, strlen(d->metric));
    base_json_put_number(w, "score", score->undefined ? (double)NAN : score->value, 0);
    base_json_put_bool(w, "smaller_is_better", d->smaller);
    base_json_put_bool(w, "plain", d->plain);
    base_json_close(w, '}');
}

bool train_run_log_evaluation(train_run *run, const train_evaluated *e, base_error *error) {
    const train_evaluation *entry = e->entry;
    const char *when = train_when_names()[entry->when];
    base_bytes bytes = {0};
    base_json_writer w = {.out = &bytes, .error = error};
    base_json_open(&w, NULL, '{');
    base_json_put_size(&w, "step", e->step);
    base_json_put_number(&w, "epoch", e->epoch, 6);
    base_json_put_text(&w, "file", entry->data, strlen(entry->data));
    base_json_put_text(&w, "kind", entry->kind, strlen(entry->kind));
    base_json_put_text(&w, "when", when, strlen(when));
    eval_result_json(&w, e->result);
    if (e->score)
        put_score(&w, e->decider, e->score);

    base_json_close(&w, '}');
    return add_line(run->evaluations, &bytes, error) &&
           draw_evaluation(run, e->step, entry, e->result, error);
}
