#include "train/checkpoint.h"

#include "base/file.h"
#include "base/log.h"
#include "base/output.h"
#include "losses/loss_folder.h"
#include "nn/weights.h"
#include "train/manifest.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- by their folders' names ---- */

#define PREFIX "step-"

char *train_checkpoint_path(const char *run, size_t step, base_error *error) {
    char *path = base_format("%s/checkpoints/" PREFIX "%09zu", run, step);
    if (!path)
        base_fail(error, BASE_FAILED, "out of memory");
    return path;
}

/* "step-000000012" gives 12; other names give false. */
static bool parse_name(const char *name, size_t *step) {
    size_t skip = sizeof PREFIX - 1;
    if (strncmp(name, PREFIX, skip) != 0 || !name[skip])
        return false;
    char *end;
    *step = strtoull(name + skip, &end, 10);
    return *end == '\0';
}

static int newest_first(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

size_t *train_checkpoint_steps(const char *run, size_t *count, base_error *error) {
    char *folder = base_path(run, "checkpoints", error);
    size_t *steps = base_alloc(1, sizeof *steps, error), capacity = 1, step;
    DIR *d = folder ? opendir(folder) : NULL;
    *count = 0;
    bool ok = folder && steps;
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        if (!parse_name(e->d_name, &step))
            continue;
        ok = base_grow(&steps, &capacity, *count + 1, sizeof *steps, error);
        if (ok)
            steps[(*count)++] = step;
    }
    if (d)
        closedir(d);
    free(folder);
    if (ok)
        qsort(steps, *count, sizeof *steps, newest_first);
    if (ok)
        return steps;
    free(steps);
    return NULL;
}

bool train_checkpoint_prune(const char *run, size_t newest, size_t keep, base_error *error) {
    size_t count, kept = 0, *steps = train_checkpoint_steps(run, &count, error);
    bool ok = steps != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        if (steps[i] <= newest && kept++ < keep)
            continue;
        char *path = train_checkpoint_path(run, steps[i], error);
        ok = path && base_folder_remove(path, error);
        free(path);
    }
    free(steps);
    static const char *const names[] = {PREFIX, NULL};
    char *folder = base_path(run, "checkpoints", error);
    ok = ok && folder && base_output_clean(folder, names, error);
    free(folder);
    return ok;
}

/* ---- writing ---- */

static void put_position(base_json_writer *w, const train_position *p) {
    base_json_put_size(w, "step", p->step);
    base_json_put_number(w, "epoch", p->epoch, 0);
    base_json_put_size(w, "stale_evaluations", p->stale);
    if (p->has_best) {
        base_json_put_number(w, "best_score", p->best, 0);
        base_json_put_size(w, "best_step", p->best_step);
    }
    if (p->evaluation_due)
        base_json_put_bool(w, "evaluation_due", true);
}

static void put_state(base_json_writer *w, const void *snapshot) {
    const train_snapshot *s = snapshot;
    const size_t *counts;
    size_t n = train_optimizer_counts(s->optimizer, &counts);
    base_json_open(w, NULL, '{');
    put_position(w, &s->position);
    if (s->metric) {
        base_json_put_string(w, "metric", s->metric);
        base_json_put_string(w, "metric_file", s->metric_file);
    }
    base_json_open(w, "updates", '[');
    for (size_t i = 0; i < n; i++)
        base_json_put_size(w, NULL, counts[i]);
    base_json_close(w, ']');
    base_json_put_tree(w, "files", s->files);
    base_json_close(w, '}');
}

static bool write_model(const char *folder, const train_snapshot *s, base_error *error) {
    char *path = base_path(folder, "model", error), *head = base_path(folder, "model/loss", error);
    bool ok = path && head && base_folder_make(path, error) &&
              nn_model_write(s->model, path, error) &&
              (!s->head || loss_write(s->head, head, error));
    free(path);
    free(head);
    return ok;
}

static bool write_tensors(const char *folder, const train_snapshot *s, base_error *error) {
    char *path = base_path(folder, "state.safetensors", error);
    bool ok = path && train_tensors_write(path, s->sets, s->set_count, error);
    free(path);
    return ok;
}

static bool write_state(const char *folder, const train_snapshot *s, base_error *error) {
    return write_tensors(folder, s, error) &&
           base_json_write_by(folder, "state.json", put_state, s, error);
}

static bool write_all(const void *snapshot, const char *folder, base_error *error) {
    const train_snapshot *s = snapshot;
    return write_model(folder, s, error) && (s->model_only || write_state(folder, s, error)) &&
           base_json_write(folder, "config.json", s->config, error) &&
           train_manifest_write(folder, error);
}

bool train_checkpoint_write(const char *run, const train_snapshot *s, size_t keep,
                            base_error *error) {
    char *path = train_checkpoint_path(run, s->position.step, error);
    bool ok = path && base_output_folder(path, write_all, s, error);
    free(path);
    return ok && train_checkpoint_prune(run, s->position.step, keep, error);
}

/* ---- how much disk ---- */

train_space train_space_of(const nn_model *model, const train_set *sets, size_t set_count,
                           bool model_only, size_t writes, size_t keep) {
    enum { SMALL_FILES = 1 << 16, PIECE = 32, NUMBER = 4 }; /* a piece stands in two files */
    uint64_t head = 0, moments = 0;
    train_space s = {.model = SMALL_FILES + PIECE * data_tokenizer_vocab_size(model->tokenizer)};
    for (size_t i = 0; i < set_count; i++) {
        uint64_t values = NUMBER * (uint64_t)nn_params_elements(sets[i].params);
        if (model->lora && sets[i].params == model->encoder->params)
            values = 0; /* the base model has them */
        moments +=
            (sets[i].average ? 3u : 2u) * NUMBER * (uint64_t)nn_params_trainable(sets[i].params);
        *(sets[i].values ? &head : &s.model) += values;
    }
    for (size_t i = 0; !model->lora && i < model->extra->count; i++)
        s.model += model->extra->tensors[i].size;
    s.checkpoint = s.model + head + (model_only ? 0 : moments);
    s.model += head;
    s.most = s.model + s.checkpoint * (writes > keep ? keep + 1 : writes);
    return s;
}

/* ---- reading ---- */

void train_checkpoint_free(train_checkpoint *c) {
    if (!c)
        return;
    free(c->folder);
    free(c->model_folder);
    cJSON_Delete(c->state);
    cJSON_Delete(c->config);
    free(c);
}

static cJSON *read_json(const char *folder, const char *name, base_error *error) {
    char *path = base_path(folder, name, error);
    cJSON *tree = path ? base_json_file(path, error) : NULL;
    free(path);
    return tree;
}

static bool read_position(train_checkpoint *c, base_error *error) {
    const size_t most = (size_t)1 << 53;
    train_position *p = &c->position;
    p->has_best = base_json_get(c->state, "best_score") != NULL;
    return base_json_size(c->state, "step", 0, most, &p->step, c->folder, error) &&
           base_json_real(c->state, "epoch", 0, (double)most, &p->epoch, c->folder, error) &&
           base_json_size(c->state, "stale_evaluations", 0, most, &p->stale, c->folder, error) &&
           base_json_size(c->state, "best_step", 0, most, &p->best_step, c->folder, error) &&
           base_json_real(c->state, "best_score", -1e300, 1e300, &p->best, c->folder, error) &&
           base_json_bool(c->state, "evaluation_due", &p->evaluation_due, c->folder, error) &&
           base_json_text(c->state, "metric", &c->metric, c->folder, error) &&
           base_json_text(c->state, "metric_file", &c->metric_file, c->folder, error);
}

static bool fill_checkpoint(train_checkpoint *c, base_error *error) {
    if (!train_manifest_verify(c->folder, error))
        return false;
    if (!base_file_exists_in(c->folder, "state.json", error))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found a model alone, as checkpoint.model_only leaves it", c->folder);
    c->model_folder = base_path(c->folder, "model", error);
    c->state = read_json(c->folder, "state.json", error);
    c->config = read_json(c->folder, "config.json", error);
    if (!c->model_folder || !c->state || !c->config)
        return false;
    c->files = base_json_get(c->state, "files");
    if (!cJSON_IsArray(c->files))
        return base_fail(error, BASE_BAD_INPUT, "%s: state.json names no files", c->folder);
    return read_position(c, error);
}

static train_checkpoint *open_checkpoint(const char *run, size_t step, base_error *error) {
    train_checkpoint *c = base_alloc(1, sizeof *c, error);
    if (!c)
        return NULL;
    c->folder = train_checkpoint_path(run, step, error);
    if (c->folder && fill_checkpoint(c, error))
        return c;
    train_checkpoint_free(c);
    return NULL;
}

train_checkpoint *train_checkpoint_newest(const char *run, base_error *error) {
    size_t count, *steps = train_checkpoint_steps(run, &count, error);
    train_checkpoint *found = NULL;
    for (size_t i = 0; steps && !found && i < count; i++) {
        base_error damage = {0};
        found = open_checkpoint(run, steps[i], &damage);
        if (!found)
            base_log(BASE_LOG_WARNING,
                     "the checkpoint at step %zu, damaged or a model alone, is not used: %s",
                     steps[i], damage.text);
    }
    if (steps && !found && count > 0)
        base_fail(
            error, BASE_BAD_INPUT,
            "%s: found %zu checkpoints, all damaged or models alone; start again with --overwrite",
            run, count);
    free(steps);
    return found;
}

static bool is_count(const cJSON *item) {
    double v = cJSON_IsNumber(item) ? item->valuedouble : -1;
    return v >= 0 && v < 9007199254740992.0 && floor(v) >= v; /* 2^53 */
}

static bool restore_counts(const train_checkpoint *c, train_optimizer *optimizer,
                           base_error *error) {
    const size_t *had;
    size_t n = train_optimizer_counts(optimizer, &had), i = 0;
    const cJSON *updates = base_json_get(c->state, "updates");
    size_t *counts = base_alloc(n, sizeof *counts, error);
    if (!counts)
        return false;
    for (const cJSON *item = updates ? updates->child : NULL; item && i < n; item = item->next)
        if (is_count(item))
            counts[i++] = (size_t)item->valuedouble;
    bool ok = i == n && (size_t)cJSON_GetArraySize(updates) == n;
    if (ok)
        train_optimizer_set_counts(optimizer, counts);
    else
        base_fail(error, BASE_BAD_INPUT, "%s: state.json counts the updates of other tensors",
                  c->folder);
    free(counts);
    return ok;
}

bool train_checkpoint_restore(const train_checkpoint *c, const train_set *sets, size_t set_count,
                              train_optimizer *optimizer, base_error *error) {
    char *path = base_path(c->folder, "state.safetensors", error);
    bool ok = path && train_tensors_read(path, sets, set_count, error) &&
              restore_counts(c, optimizer, error);
    free(path);
    return ok;
}
