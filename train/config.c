#include "train/config.h"

#include "base/input.h"
#include "base/utf8.h"
#include "data/corpus.h"
#include "data/reader.h"
#include "data/sampler.h"
#include "eval/evaluator.h"
#include "losses/loss.h"
#include "nn/model.h"
#include "train/held_out.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const *train_task_names(void) {
    static const char *const names[] = {
        [NN_BI_ENCODER] = "bi-encoder", [NN_CROSS_ENCODER] = "cross-encoder", NULL};
    return names;
}

const char *const *train_rows_names(void) {
    static const char *const names[] = {[TRAIN_ALL_ROWS] = "all",
                                        [TRAIN_POSITIVES] = "positives",
                                        [TRAIN_TRIPLETS] = "triplets",
                                        NULL};
    return names;
}

const char *const *train_batch_names(void) {
    static const char *const names[] = {"auto", NULL};
    return names;
}

const char *const *train_unpaired_names(void) {
    static const char *const names[] = {
        [TRAIN_PAIRS_KEPT] = "pairs", [TRAIN_PAIRS_DROPPED] = "drop", NULL};
    return names;
}

const char *const *train_turns_names(void) {
    static const char *const names[] = {[TRAIN_PROPORTIONAL] = "proportional",
                                        [TRAIN_ROUND_ROBIN] = "round_robin",
                                        [TRAIN_BY_SHARE] = "shares",
                                        NULL};
    return names;
}

const char *const *train_when_names(void) {
    static const char *const names[] = {[TRAIN_DEV] = "dev", [TRAIN_TEST] = "test", NULL};
    return names;
}

/* The key table fills choices as int. */
_Static_assert(sizeof(train_rows) == sizeof(int) && sizeof(train_unpaired) == sizeof(int) &&
                   sizeof(train_when) == sizeof(int) && sizeof(train_turns) == sizeof(int),
               "an enum is as wide as an int");

#define DATA_KEY(path, kind, field, initial, low, high, names, help)                               \
    {path, BASE_KEY_##kind, offsetof(train_data, field), initial, low, high, names, NULL, help},
static const base_key data_key[] = {
#include "train/config_keys.def"
};

#define EVALUATION_KEY(path, kind, field, initial, low, high, names, help)                         \
    {path, BASE_KEY_##kind, offsetof(train_evaluation, field), initial, low, high, names, NULL,    \
     help},
static const base_key evaluation_key[] = {
#include "train/config_keys.def"
};

#define PARAMETERS_KEY(path, kind, field, initial, low, high, names, help)                         \
    {path, BASE_KEY_##kind, offsetof(train_parameters, field), initial, low, high, names, NULL,    \
     help},
static const base_key parameters_key[] = {
#include "train/config_keys.def"
};

static const base_keys data_keys = {
    .key = data_key, .count = sizeof data_key / sizeof data_key[0], .size = sizeof(train_data)};
static const base_keys evaluation_keys = {.key = evaluation_key,
                                          .count = sizeof evaluation_key / sizeof evaluation_key[0],
                                          .size = sizeof(train_evaluation)};

static const base_keys parameters_keys = {.key = parameters_key,
                                          .count = sizeof parameters_key / sizeof parameters_key[0],
                                          .size = sizeof(train_parameters)};

#define KEY(path, kind, field, initial, low, high, names, help)                                    \
    {path, BASE_KEY_##kind, offsetof(train_config, field), initial, low, high, names, NULL, help},
#define KEY_LIST(path, field, low, high, keys, help)                                               \
    {path, BASE_KEY_LIST, offsetof(train_config, field), "[]", low, high, NULL, &keys, help},
static const base_key config_key[] = {
#include "train/config_keys.def"
};

#define RENAMED(old, path) {old, path},
static const base_renamed_key renamed_key[] = {
#include "train/config_keys.def"
};

static const base_keys config_keys = {.key = config_key,
                                      .count = sizeof config_key / sizeof config_key[0],
                                      .size = sizeof(train_config),
                                      .renamed = renamed_key,
                                      .renamed_count = sizeof renamed_key / sizeof renamed_key[0]};

const base_keys *train_config_keys(train_table table) {
    static const base_keys *const tables[] = {&config_keys, &data_keys, &evaluation_keys,
                                              &parameters_keys};
    return tables[table];
}

const train_data *train_config_data(const train_config *c, size_t i) {
    return (const train_data *)c->data.items + i;
}

const train_evaluation *train_config_evaluation(const train_config *c, size_t i) {
    return (const train_evaluation *)c->evaluation.items + i;
}

const train_parameters *train_config_parameters(const train_config *c, size_t i) {
    return (const train_parameters *)c->parameters.items + i;
}

/* A part, or a whole number. */
static bool check_sample(const train_config *c, base_error *error) {
    for (size_t i = 0; i < c->data.count; i++) {
        double sample = train_config_data(c, i)->sample;
        if (sample >= 1 && floor(sample) < sample)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: train.data[%zu].sample is %g, expected a part of the rows, less "
                             "than 1, or a whole number of them",
                             c->name, i, sample);
    }
    return true;
}

/* The resolved config, which keeps the value, must be JSON that can be read again. */
static bool check_set(const char *set, base_error *error) {
    const char *equals = strchr(set, '=');
    size_t size = strlen(set), bad = base_utf8_invalid(set, size);
    char shown[200];
    base_escape(shown, sizeof shown, set, size);
    if (!equals || equals == set)
        return base_fail(error, BASE_BAD_INPUT, "--set: found \"%s\", expected key.path=value",
                         shown);
    return bad == size || base_fail(error, BASE_BAD_INPUT,
                                    "--set: found ill-formed UTF-8 at byte %zu of \"%s\", "
                                    "expected valid UTF-8",
                                    bad + 1, shown);
}

/* "a.b=c": c is JSON when it reads as such, else a string. */
static bool apply_set(cJSON *tree, const char *set, base_error *error) {
    if (!check_set(set, error))
        return false;
    const char *equals = strchr(set, '=');
    base_error not_json = {0};
    cJSON *value = base_json_parse(equals + 1, strlen(equals + 1), "--set", 1, &not_json);
    if (!value)
        value = cJSON_CreateString(equals + 1);
    char *path = base_copy(set, (size_t)(equals - set));
    bool ok = path ? base_keys_set(tree, path, value, "--set", error)
                   : base_fail(error, BASE_FAILED, "out of memory");
    free(path);
    return ok;
}

/* "configs/a.json" gives "runs/a". */
static char *default_folder(const char *name) {
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    size_t size = strlen(base);
    if (size > 5 && !strcmp(base + size - 5, ".json"))
        size -= 5;
    return base_format("runs/%.*s", (int)size, base);
}

static bool fail_rule(const train_config *c, base_error *error, const char *rule) {
    return base_fail(error, BASE_BAD_INPUT, "%s: %s", c->name, rule);
}

/* Fills the defaults of an entry's loss into the tree, where it becomes an object. */
static bool resolve_loss(train_config *c, size_t i, base_error *error) {
    train_data *e = (train_data *)c->data.items + i;
    char path[64], prefix[64];
    snprintf(path, sizeof path, "train.data.%zu.loss", i);
    snprintf(prefix, sizeof prefix, "train.data[%zu].loss.", i);
    cJSON *whole = loss_resolve(e->loss, c->name, prefix, error);
    bool ok = whole && base_keys_set(c->tree, path, whole, c->name, error);
    if (ok)
        e->loss = whole;
    return ok;
}

static bool resolve_schedule(train_config *c, base_error *error) {
    cJSON *whole = train_schedule_resolve(c->schedule, c->learning_rate, c->name, error);
    bool ok = whole && base_keys_set(c->tree, "schedule", whole, c->name, error);
    if (ok)
        c->schedule = whole;
    return ok;
}

/* Appends what a name stands for: itself, or the files that it matches. */
static bool add_names(cJSON *list, const char *name, base_error *error) {
    base_paths found = {0};
    if (base_is_pattern(name) && !base_paths_match(name, &found, error))
        return false;
    size_t count = found.count ? found.count : 1;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = cJSON_AddItemToArray(list, cJSON_CreateString(found.count ? found.path[i] : name));
    base_paths_free(&found);
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

static bool has_pattern(const base_key_names *names) {
    for (size_t i = 0; i < names->count; i++)
        if (base_is_pattern(names->name[i]))
            return true;
    return false;
}

/* Puts the files that an entry's patterns match in their place in the tree. */
static bool expand_files(train_config *c, size_t i, base_error *error) {
    const train_data *e = train_config_data(c, i);
    char path[64];
    snprintf(path, sizeof path, "train.data.%zu.data", i);
    cJSON *list = cJSON_CreateArray();
    bool ok = list || base_fail(error, BASE_FAILED, "out of memory");
    for (size_t j = 0; ok && j < e->data.count; j++)
        ok = add_names(list, e->data.name[j], error);
    if (!ok) {
        cJSON_Delete(list);
        return base_fail_prefix(error, "%s: train.data[%zu].data", c->name, i);
    }
    return base_keys_set(c->tree, path, list, c->name, error);
}

/* The same of all entries, which are then filled again: names point into the tree. */
static bool resolve_files(train_config *c, base_error *error) {
    bool any = false;
    for (size_t i = 0; i < c->data.count; i++) {
        bool patterns = has_pattern(&train_config_data(c, i)->data);
        if (patterns && !expand_files(c, i, error))
            return false;
        any = any || patterns;
    }
    if (!any)
        return true;
    base_keys_release(&config_keys, c);
    return base_keys_fill(&config_keys, c->tree, c->name, "", c, error);
}

static bool check_input(const train_config *c, base_error *error) {
    size_t times = 0;
    for (size_t i = 0; i < c->data.count; i++)
        for (size_t j = 0; j < train_config_data(c, i)->data.count; j++)
            times += !strcmp(train_config_data(c, i)->data.name[j], "-");
    if (times && c->cache_folder)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: cache.folder is set and train.data is \"-\", standard input, "
                         "expected a file",
                         c->name);
    for (size_t i = 0; i < c->evaluation.count; i++)
        times += !strcmp(train_config_evaluation(c, i)->data, "-");
    return times < 2 || base_fail(error, BASE_BAD_INPUT,
                                  "%s: standard input, \"-\", is the data of %zu entries, expected "
                                  "one: it can be read once",
                                  c->name, times);
}

static bool check_files(const train_config *c, base_error *error) {
    for (size_t i = 0; i < c->data.count; i++)
        for (size_t j = 0; j < train_config_data(c, i)->data.count; j++)
            if (!train_config_data(c, i)->data.name[j][0])
                return base_fail(error, BASE_BAD_INPUT,
                                 "%s: train.data[%zu].data holds an empty string, expected the "
                                 "name of a file",
                                 c->name, i);
    for (size_t i = 0; i < c->evaluation.count; i++)
        if (!train_config_evaluation(c, i)->data[0])
            return base_fail(
                error, BASE_BAD_INPUT,
                "%s: evaluation.data[%zu].data is missing, expected the name of a file", c->name,
                i);
    return true;
}

/* Shares are those of turns by shares, and all corpora have one then. */
static bool check_shares(const train_config *c, base_error *error) {
    bool wanted = c->turns == TRAIN_BY_SHARE;
    for (size_t i = 0; i < c->data.count; i++) {
        double share = train_config_data(c, i)->share;
        if (wanted && share < 0)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: train.data[%zu].share is missing, expected a number for each "
                             "corpus: turns is \"shares\"",
                             c->name, i);
        if (!wanted && share >= 0)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: train.data[%zu].share is %g and turns is \"%s\", which takes no "
                             "shares; expected turns to be \"shares\"",
                             c->name, i, share, train_turns_names()[c->turns]);
    }
    return true;
}

/* Adapters are new, or those of model.path with settings of their own. */
static bool check_lora(const train_config *c, base_error *error) {
    if (c->model_base && !c->model_path)
        return fail_rule(c, error,
                         "model.base is set, expected the folder of adapters in model.path");
    if (c->lora_rank == 0 && (c->lora_alpha >= 0 || c->lora_dropout >= 0 || c->lora_rslora >= 0 ||
                              c->lora_targets.count > 0))
        return fail_rule(c, error,
                         "lora has settings of new adapters, expected lora.rank with them");
    if (c->lora_rank == 0)
        return true;
    if (!c->model_path)
        return fail_rule(c, error,
                         "lora.rank is set, expected model.path: adapters are for a trained model");
    return c->task == NN_BI_ENCODER ||
           fail_rule(c, error, "lora.rank is set, expected the task bi-encoder");
}

/* Rules between keys. */
static bool check_rules(const train_config *c, base_error *error) {
    bool scratch = c->model_config || c->model_vocab;
    if (c->model_path && scratch)
        return fail_rule(
            c, error,
            "model.path and model.config are both set, expected one: a folder to start "
            "from, or an encoder from scratch");
    if (!c->model_path && !(c->model_config && c->model_vocab))
        return fail_rule(
            c, error,
            "no model, expected model.path (a folder to start from) or model.config and "
            "model.vocab (from scratch)");
    if (c->cache_limit && !c->cache_folder)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: cache.limit is %zu, but there is no cache.folder, expected one",
                         c->name, c->cache_limit);
    if (c->batch_size == 0 && !c->memory_limit)
        return fail_rule(c, error,
                         "batch_size is \"auto\", but there is no memory_limit, expected one");
    if (c->batch_size && c->cached > c->batch_size)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: cached is %zu, expected at most batch_size, %zu: it is the rows of a "
                         "part of a batch",
                         c->name, c->cached, c->batch_size);
    if (c->warmup >= 1 && floor(c->warmup) < c->warmup)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: warmup is %g, expected a part of all steps, less than 1, or a whole "
                         "number of steps",
                         c->name, c->warmup);
    return check_lora(c, error) && check_files(c, error) && check_input(c, error) &&
           check_shares(c, error) && check_sample(c, error) && train_held_out_check(c, error);
}

static bool fill(train_config *c, const char *const *sets, size_t count, base_error *error) {
    if (!cJSON_IsObject(c->tree))
        return base_fail(error, BASE_BAD_INPUT, "%s: expected one JSON object of keys", c->name);
    for (size_t i = 0; i < count; i++)
        if (!apply_set(c->tree, sets[i], error))
            return false;
    if (!base_keys_fill(&config_keys, c->tree, c->name, "", c, error) || !resolve_files(c, error) ||
        !check_rules(c, error))
        return false;
    if (!resolve_schedule(c, error))
        return false;
    if (cJSON_IsNull(base_json_get(c->tree, "data_seed")))
        c->data_seed = c->seed;
    for (size_t i = 0; i < c->data.count; i++)
        if (!resolve_loss(c, i, error))
            return false;
    c->folder = c->output ? base_copy(c->output, strlen(c->output)) : default_folder(c->name);
    return c->folder || base_fail(error, BASE_FAILED, "out of memory");
}

train_config *train_config_from(cJSON *tree, const char *name, const char *const *sets,
                                size_t count, base_error *error) {
    train_config *c = base_alloc(1, sizeof *c, error);
    if (!c) {
        cJSON_Delete(tree);
        return NULL;
    }
    c->tree = tree;
    c->name = base_copy(name, strlen(name));
    if (!c->name)
        base_fail(error, BASE_FAILED, "out of memory");
    else if (fill(c, sets, count, error))
        return c;
    train_config_free(c);
    return NULL;
}

train_config *train_config_load(const char *path, const char *const *sets, size_t count,
                                base_error *error) {
    cJSON *tree = base_json_given(path, error);
    return tree ? train_config_from(tree, path, sets, count, error) : NULL;
}

void train_config_free(train_config *c) {
    if (!c)
        return;
    base_keys_release(&config_keys, c);
    cJSON_Delete(c->tree);
    free(c->name);
    free(c->folder);
    free(c);
}
