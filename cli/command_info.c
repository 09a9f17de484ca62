#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "losses/loss_folder.h"
#include "nn/model.h"
#include "nn/weights.h"
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

static void describe_layers(const nn_model *m, cJSON *to) {
    const nn_transformer_spec *s = &m->encoder->transformer.spec;
    add_size(to, "heads", s->heads);
    add_size(to, "feed_forward", s->intermediate);
    cJSON_AddStringToObject(to, "activation", nn_activation_name(s->activation));
    cJSON_AddNumberToObject(to, "hidden_dropout", s->hidden_dropout);
    cJSON_AddNumberToObject(to, "attention_dropout", s->attention_dropout);
    add_size(to, "positions", m->encoder->max_length);
}

static void describe_encoder(const nn_model *m, cJSON *to) {
    const nn_transformer_spec *s = &m->encoder->transformer.spec;
    cJSON_AddStringToObject(to, "family", m->encoder->def->model_type);
    add_size(to, "layers", s->layers);
    add_size(to, "hidden", s->hidden);
    if (s->layers)
        describe_layers(m, to);
    add_size(to, "vocabulary", s->vocab);
    cJSON_AddStringToObject(to, "tokenizer", data_tokenizer_kind(m->tokenizer));
    cJSON_AddBoolToObject(to, "lower_case", data_tokenizer_lower_case(m->tokenizer));
}

/* {"type": "Dense", "in": 384, "out": 128, and what its config.json has}. */
static bool describe_module(const nn_module *module, cJSON *modules, base_error *error) {
    base_bytes text = {0};
    base_json_writer w = {.out = &text, .error = error, .style = BASE_JSON_SPACED};
    nn_module_put_config(module, &w);
    cJSON *config = base_ok(error) ? base_json_parse(text.data, text.size, "", 1, error) : NULL;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddItemToArray(modules, item);
    cJSON_AddStringToObject(item, "type", module->def->kind);
    add_size(item, "in", module->in);
    add_size(item, "out", module->out);
    for (cJSON *member; config && (member = config->child);)
        cJSON_AddItemToObject(item, member->string, cJSON_DetachItemViaPointer(config, member));
    cJSON_Delete(config);
    base_bytes_free(&text);
    return config;
}

/* How texts are taken and vectors compared. */
static void describe_use(const nn_model *m, cJSON *to) {
    static const char *const kept[] = {"prompts", "default_prompt_name", "truncate_dim"};
    cJSON_AddStringToObject(to, "similarity", m->similarity);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        const cJSON *item = base_json_get(m->extra->sentence, kept[i]);
        if (item && !cJSON_IsNull(item))
            cJSON_AddItemToObject(to, kept[i], cJSON_Duplicate(item, true));
    }
}

/* A cross-encoder says what it gives a pair. */
static void describe_classifier(const nn_classifier *c, cJSON *to) {
    cJSON *labels = cJSON_AddArrayToObject(to, "labels");
    for (size_t i = 0; i < c->labels; i++)
        cJSON_AddItemToArray(labels, cJSON_CreateString(c->label[i]));
    cJSON_AddStringToObject(to, "classifier", c->def->architecture);
    cJSON_AddStringToObject(to, "scores", nn_activation_class(c->scores));
    cJSON_AddNumberToObject(to, "classifier_dropout", c->dropout);
}

static bool describe_head(const char *folder, cJSON *to, base_error *error) {
    char *path = base_path(folder, "loss/config.json", error);
    cJSON *config = path && base_file_exists(path) ? base_json_file(path, error) : NULL;
    if (config)
        cJSON_AddItemToObject(to, "trained_by", config);
    free(path);
    return base_ok(error);
}

static void describe_lora(const nn_lora *lora, cJSON *to) {
    cJSON *adapters = cJSON_AddObjectToObject(to, "lora");
    cJSON_AddStringToObject(adapters, "base", lora->base);
    add_size(adapters, "rank", lora->rank);
    cJSON_AddNumberToObject(adapters, "alpha", lora->alpha);
    add_size(adapters, "layers", lora->count);
    add_size(adapters, "parameters", nn_params_elements(lora->params));
}

static bool describe_model(const char *folder, cJSON *to, base_error *error) {
    nn_model *m = nn_model_inspect(folder, error);
    if (!m)
        return false;
    size_t parameters =
        nn_params_elements(m->encoder->params) + nn_params_elements(m->module_params);
    cJSON_AddStringToObject(to, "task", m->classifier ? "cross-encoder" : "bi-encoder");
    describe_encoder(m, to);
    add_size(to, "parameters", parameters);
    cJSON_AddNumberToObject(to, "megabytes", (double)(parameters * sizeof(float) / 1000) / 1000);
    if (m->lora)
        describe_lora(m->lora, to);
    add_size(to, "max_seq_length", m->max_length);
    if (m->classifier)
        describe_classifier(m->classifier, to);
    else
        add_size(to, "embedding", m->width);
    cJSON *modules = cJSON_AddArrayToObject(to, "modules");
    bool ok = true;
    for (size_t i = 0; ok && i < m->module_count; i++)
        ok = describe_module(&m->modules[i], modules, error);
    if (!m->classifier)
        describe_use(m, to);
    nn_model_free(m);
    return ok && describe_head(folder, to, error);
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

static bool describe(const char *path, cJSON *to, base_error *error) {
    bool folder = base_file_is_folder(path);
    bool checkpoint = folder && base_file_exists_in(path, "state.json", error);
    bool run = folder && (base_file_exists_in(path, "log.jsonl", error) ||
                          base_file_exists_in(path, "checkpoints", error));
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

/* A module's settings on its line, without the kinds of pooling that it does not do. */
static bool print_module(const cJSON *module, int indent) {
    base_bytes line = {0};
    base_error error = {0};
    for (const cJSON *item = module->child->next; item; item = item->next) {
        bool off = cJSON_IsFalse(item) && !strncmp(item->string, "pooling_mode_", 13);
        char *value = off ? NULL : base_json_line(item);
        if (value)
            base_bytes_format(&line, &error, "%s%s %s", line.size ? ", " : "", item->string, value);
        free(value);
    }
    if (base_ok(&error))
        printf("%*s%-*s %s\n", indent, "", COLUMN - indent, module->child->valuestring, line.data);
    base_bytes_free(&line);
    return base_ok(&error);
}

/* Members, one a line; objects, also those in lists, are indented below their name. */
static bool print_tree(const cJSON *tree, int indent) {
    for (const cJSON *item = tree->child; item; item = item->next) {
        const char *name = item->string ? item->string : "-";
        bool nested = item->child && (cJSON_IsObject(item) || cJSON_IsObject(item->child));
        bool module = !item->string && item->child && !strcmp(item->child->string, "type");
        if (nested && !module)
            printf("%*s%s\n", indent, "", name);
        if (!(module   ? print_module(item, indent)
              : nested ? print_tree(item, indent + 2)
                       : print_value(name, item, indent)))
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
