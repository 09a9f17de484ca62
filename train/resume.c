#include "train/resume.h"

#include "base/file.h"
#include "base/log.h"
#include "train/batch_size.h"
#include "train/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys that change no bit of a step, and those that change how many there are. */
static const char *const free_keys[] = {"threads",      "output",     "log_every",  "tensorboard",
                                        "memory_limit", "checkpoint", "evaluation", "recompute",
                                        "cache",        NULL};
static const char *const length_keys[] = {"epochs", "max_steps", NULL};

static bool is_among(const char *const *names, const char *key) {
    for (; *names; names++)
        if (!strcmp(*names, key))
            return true;
    return false;
}

static bool fail_length(const cJSON *now, const cJSON *then, base_error *error) {
    char *a = base_json_line(now), *b = then ? base_json_line(then) : NULL;
    base_fail(error, BASE_BAD_INPUT,
              "%s is %s, but the checkpoint's run has %s, and another length changes the learning "
              "rate of all steps to come; expected the same, or --extend to allow it",
              now->string, a ? a : "?", b ? b : "none");
    free(a);
    free(b);
    return false;
}

/* Finds the first member that differs; path gets its dotted name. */
static bool same_members(const cJSON *now, const cJSON *then, bool extend, char *path, size_t size,
                         base_error *error) {
    for (const cJSON *a = now->child; a; a = a->next) {
        const cJSON *b = base_json_get(then, a->string);
        bool top = !path[0], length = top && is_among(length_keys, a->string);
        if ((b && cJSON_Compare(a, b, true)) || (top && is_among(free_keys, a->string)) ||
            (length && extend))
            continue;
        if (length)
            return fail_length(a, b, error);
        size_t used = strlen(path);
        snprintf(path + used, size - used, "%s%s", used ? "." : "", a->string);
        if (cJSON_IsObject(a) && cJSON_IsObject(b))
            return same_members(a, b, extend, path, size, error);
        return base_fail(error, BASE_BAD_INPUT,
                         "%s differs from the checkpoint's config, expected the same config to "
                         "resume; or start again with --overwrite",
                         path);
    }
    return true;
}

/* Labels that were found in the data stand in the checkpoint's config and not in one that leaves
 * them open: the same files have the same labels. */
static bool adopt_batch_size(train_config *config, const cJSON *then, base_error *error) {
    const cJSON *rows = base_json_get(then, "batch_size");
    bool there = config->batch_size == 0 && cJSON_IsNumber(rows) && rows->valuedouble >= 1 &&
                 rows->valuedouble <= TRAIN_MOST_ROWS;
    return !there || train_batch_size_set(config, (size_t)rows->valuedouble, error);
}

static bool adopt_labels(const train_config *config, const cJSON *then, base_error *error) {
    const cJSON *entries = base_json_get(base_json_get(then, "train"), "data");
    bool ok = true;
    for (size_t i = 0; ok && i < config->data.count; i++) {
        const cJSON *labels = base_json_get(cJSON_GetArrayItem(entries, (int)i), "labels");
        char path[64];
        snprintf(path, sizeof path, "train.data.%zu.labels", i);
        if (cJSON_IsObject(labels) && train_config_data(config, i)->labels.count == 0)
            ok = base_keys_set(config->tree, path, cJSON_Duplicate(labels, true), config->name,
                               error);
    }
    return ok;
}

/* A model is saved before the checkpoint behind it: a run may have been killed between the two. */
static void fail_without(const char *folder, base_error *error) {
    char *model = base_path(folder, "model", error);
    base_fail(error, BASE_BAD_INPUT,
              model && base_file_exists(model)
                  ? "%s: found a model but no checkpoint to go on from; start again with "
                    "--overwrite, which keeps that model until it has a new one"
                  : "%s: found no checkpoint to go on from; start again with --overwrite",
              folder);
    free(model);
}

train_checkpoint *train_resume(train_config *config, bool extend, const cJSON *files,
                               base_error *error) {
    char path[200] = "";
    if (config->checkpoint_model_only) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: checkpoint.model_only is true: checkpoints are models alone, from which "
                  "--resume cannot go on; expected false, or a new run with model.path",
                  config->name);
        return NULL;
    }
    if (!base_file_exists(config->folder)) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: found no run to go on from; start it without --resume", config->folder);
        return NULL;
    }
    train_checkpoint *found = train_checkpoint_newest(config->folder, error);
    if (!found) {
        fail_without(config->folder, error);
        return NULL;
    }
    if (train_identity_same(files, found->files, error) &&
        adopt_labels(config, found->config, error) &&
        adopt_batch_size(config, found->config, error) &&
        same_members(config->tree, found->config, extend, path, sizeof path, error))
        return found;
    train_checkpoint_free(found);
    return NULL;
}

static bool same_text(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

void train_resume_score(const train_checkpoint *c, const char *metric, const char *file,
                        train_position *position) {
    if (!position->has_best || (same_text(metric, c->metric) && same_text(file, c->metric_file)))
        return;
    base_log(BASE_LOG_WARNING,
             "the best score so far was %s on %s and is forgotten: now %s on %s decides",
             c->metric ? c->metric : "of a metric", c->metric_file ? c->metric_file : "a file",
             metric ? metric : "nothing", file ? file : "no file");
    position->has_best = false;
    position->stale = 0;
}
