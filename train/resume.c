#include "train/resume.h"

#include "base/file.h"
#include "base/log.h"
#include "train/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keys that may differ between a run and its continuation: they change no bit of a step, or only
 * how many there are. */
static const char *const free_keys[] = {"threads",   "output",     "log_every",  "epochs",
                                        "max_steps", "checkpoint", "evaluation", NULL};

static bool is_free(const char *key) {
    for (const char *const *name = free_keys; *name; name++)
        if (!strcmp(*name, key))
            return true;
    return false;
}

/* Finds the first member that differs; path gets its dotted name. */
static bool same_members(const cJSON *now, const cJSON *then, char *path, size_t size,
                         base_error *error) {
    for (const cJSON *a = now->child; a; a = a->next) {
        const cJSON *b = base_json_get(then, a->string);
        if (is_free(a->string) || (b && cJSON_Compare(a, b, true)))
            continue;
        size_t used = strlen(path);
        snprintf(path + used, size - used, "%s%s", used ? "." : "", a->string);
        if (cJSON_IsObject(a) && cJSON_IsObject(b))
            return same_members(a, b, path, size, error);
        return base_fail(error, BASE_BAD_INPUT,
                         "%s differs from the checkpoint's config, expected the same config to "
                         "resume; or start again with --overwrite",
                         path);
    }
    return true;
}

/* Labels that were found in the data stand in the checkpoint's config and not in one that leaves
 * them open: the same files have the same labels. */
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

/* A run that was killed before its first checkpoint starts anew, but says so, and a model that was
 * kept is not removed by a resumption. */
static bool begin_anew(const char *folder, base_error *error) {
    char *model = base_path(folder, "model", error);
    if (model && base_file_exists(model))
        base_fail(error, BASE_BAD_INPUT,
                  "%s: found a model but no checkpoint to go on from; start again with --overwrite",
                  folder);
    else if (model)
        base_log(BASE_LOG_WARNING, "%s: found no checkpoint to go on from, the run starts anew",
                 folder);
    free(model);
    return base_ok(error);
}

train_checkpoint *train_resume(const train_config *config, const cJSON *files, base_error *error) {
    char path[200] = "";
    train_checkpoint *found = train_checkpoint_newest(config->folder, error);
    if (!found) {
        if (base_ok(error))
            begin_anew(config->folder, error);
        return NULL;
    }
    if (train_identity_same(files, found->files, error) &&
        adopt_labels(config, found->config, error) &&
        same_members(config->tree, found->config, path, sizeof path, error))
        return found;
    train_checkpoint_free(found);
    return NULL;
}
