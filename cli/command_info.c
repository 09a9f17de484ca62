#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "losses/loss_folder.h"
#include "nn/model.h"
#include "train/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"json", CLI_FLAG, NULL, NULL, "one JSON object", 0, 0},
};

static void add_size(cJSON *to, const char *key, size_t value) {
    cJSON_AddNumberToObject(to, key, (double)value);
}

static void describe_encoder(const nn_model *m, cJSON *to) {
    const nn_transformer_spec *s = &m->encoder->transformer.spec;
    cJSON_AddStringToObject(to, "encoder", m->encoder->def->model_type);
    add_size(to, "layers", s->layers);
    add_size(to, "hidden", s->hidden);
    add_size(to, "heads", s->heads);
    add_size(to, "feed_forward", s->intermediate);
    cJSON_AddStringToObject(to, "activation", nn_activation_name(s->activation));
    add_size(to, "positions", m->encoder->max_length);
    add_size(to, "vocabulary", s->vocab);
    cJSON_AddStringToObject(to, "tokenizer", data_tokenizer_kind(m->tokenizer));
    cJSON_AddBoolToObject(to, "lower_case", data_tokenizer_lower_case(m->tokenizer));
    cJSON_AddNumberToObject(to, "hidden_dropout", s->hidden_dropout);
    cJSON_AddNumberToObject(to, "attention_dropout", s->attention_dropout);
}

/* "Pooling mean", "Dense 384 to 128", "Normalize". */
static void describe_module(const nn_module *module, cJSON *modules) {
    char text[200];
    int used = snprintf(text, sizeof text, "%s", module->def->kind);
    for (size_t i = 0; i < module->pool_count && used < (int)sizeof text; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, " %s",
                         nn_pooling_name(module->pool[i]));
    if (module->in != module->out && used < (int)sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, " %zu to %zu", module->in, module->out);
    cJSON_AddItemToArray(modules, cJSON_CreateString(text));
}

static bool describe_head(const char *folder, cJSON *to, base_error *error) {
    char *path = base_path(folder, "loss/config.json", error);
    cJSON *config = path && base_file_exists(path) ? base_json_file(path, error) : NULL;
    if (config)
        cJSON_AddItemToObject(to, "trained_by", config);
    free(path);
    return base_ok(error);
}

static bool describe_model(const char *folder, cJSON *to, base_error *error) {
    nn_model *m = nn_model_inspect(folder, error);
    if (!m)
        return false;
    size_t parameters =
        nn_params_elements(m->encoder->params) + nn_params_elements(m->module_params);
    describe_encoder(m, to);
    add_size(to, "parameters", parameters);
    cJSON_AddNumberToObject(to, "megabytes", (double)(parameters * sizeof(float) / 1000) / 1000);
    add_size(to, "max_seq_length", m->max_length);
    add_size(to, "embedding", m->width);
    cJSON *modules = cJSON_AddArrayToObject(to, "modules");
    for (size_t i = 0; i < m->module_count; i++)
        describe_module(&m->modules[i], modules);
    nn_model_free(m);
    return describe_head(folder, to, error);
}

/* A JSON file of the folder, put under `key`. */
static bool add_file(const char *folder, const char *name, const char *key, cJSON *to,
                     base_error *error) {
    char *path = base_path(folder, name, error);
    cJSON *tree = path ? base_json_file(path, error) : NULL;
    if (tree)
        cJSON_AddItemToObject(to, key, tree);
    free(path);
    return tree != NULL;
}

/* A run folder or a checkpoint: its model lies in model/. */
static bool describe_run(const char *folder, bool checkpoint, cJSON *to, base_error *error) {
    char *model = base_path(folder, "model", error);
    bool ok = model && (!base_file_is_folder(model) ||
                        describe_model(model, cJSON_AddObjectToObject(to, "model"), error));
    free(model);
    return ok && (!checkpoint || add_file(folder, "state.json", "state", to, error)) &&
           add_file(folder, "config.json", "config", to, error);
}

static bool describe_config(const char *path, cJSON *to, base_error *error) {
    train_config *config = train_config_load(path, NULL, 0, error);
    if (config)
        cJSON_AddItemToObject(to, "config", cJSON_Duplicate(config->tree, true));
    train_config_free(config);
    return config != NULL;
}

static bool has(const char *folder, const char *name, base_error *error) {
    char *path = base_path(folder, name, error);
    bool found = path && base_file_exists(path);
    free(path);
    return found;
}

static bool describe(const char *path, cJSON *to, base_error *error) {
    bool folder = base_file_is_folder(path);
    bool checkpoint = folder && has(path, "state.json", error);
    bool run = folder && (has(path, "log.jsonl", error) || has(path, "checkpoints", error));
    const char *kind = !folder ? "config" : checkpoint ? "checkpoint" : run ? "run" : "model";
    cJSON_AddStringToObject(to, "path", path);
    cJSON_AddStringToObject(to, "kind", kind);
    if (!folder)
        return describe_config(path, to, error);
    return checkpoint || run ? describe_run(path, checkpoint, to, error)
                             : describe_model(path, to, error);
}

enum { COLUMN = 24, LONGEST_LIST = 12 };

static bool print_value(const char *name, const cJSON *value, int indent) {
    char *text = NULL;
    if (cJSON_IsString(value))
        text = base_copy(value->valuestring, strlen(value->valuestring));
    else if (cJSON_IsArray(value) && cJSON_GetArraySize(value) > LONGEST_LIST)
        text = base_format("%d values", cJSON_GetArraySize(value));
    else
        text = base_json_line(value);
    if (text)
        printf("%*s%-*s %s\n", indent, "", COLUMN - indent, name, text);
    free(text);
    return text != NULL;
}

/* Members, one a line; objects, also those in lists, are indented below their name. */
static bool print_tree(const cJSON *tree, int indent) {
    for (const cJSON *item = tree->child; item; item = item->next) {
        const char *name = item->string ? item->string : "-";
        bool nested = item->child && (cJSON_IsObject(item) || cJSON_IsObject(item->child));
        if (nested)
            printf("%*s%s\n", indent, "", name);
        if (!(nested ? print_tree(item, indent + 2) : print_value(name, item, indent)))
            return false;
    }
    return true;
}

static bool print_json(const cJSON *tree) {
    char *text = base_json_print(tree);
    if (text)
        fputs(text, stdout);
    free(text);
    return text != NULL;
}

static bool run(const cli_arguments *a, base_error *error) {
    cJSON *tree = cJSON_CreateObject();
    bool ok = tree && describe(a->operand[0], tree, error);
    if (ok && !(cli_flag(a, "json") ? print_json(tree) : print_tree(tree, 0)))
        ok = base_fail(error, BASE_FAILED, "out of memory");
    cJSON_Delete(tree);
    return ok;
}

const cli_command cli_command_info = {
    .name = "info",
    .summary = "What is in a model folder, run, checkpoint or config",
    .usage = "MODEL|RUN|CHECKPOINT|CONFIG.json [--json]",
    .details =
        "Reads headers only, no weights. Of a config it shows every key, defaults filled in.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 1,
    .run = run,
};
