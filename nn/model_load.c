#include "nn/model_build.h"

#include "base/file.h"
#include "base/json.h"
#include "nn/model_files.h"
#include "nn/shards.h"
#include "nn/weights.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct loader {
    nn_model *model;
    const nn_model_options *options;
    bool data;  /* read the weights */
    bool cross; /* the folder is a cross-encoder's */
    nn_model_files at;
    char *module[NN_MAX_MODULES]; /* folders of the modules' files */
} loader;

/* model.safetensors, or the index of several files, or the sentence that says how to get one. */
static bool weights_file(loader *l, const char *folder, base_error *error) {
    if (base_file_exists(nn_model_place(&l->at, folder, "model.safetensors")) ||
        base_file_exists(nn_model_place(&l->at, folder, "model.safetensors.index.json")))
        return true;
    if (base_file_exists(nn_model_place(&l->at, folder, "pytorch_model.bin")) ||
        base_file_exists(nn_model_place(&l->at, folder, "pytorch_model.bin.index.json")))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: pickle files are not read because they can run code; convert it with "
                         "Python: from sentence_transformers import SentenceTransformer; "
                         "SentenceTransformer('%.200s').save('NEW_FOLDER')",
                         l->at.path, l->at.folder);
    return base_fail(error, BASE_BAD_INPUT, "%s: missing, expected the model's weights",
                     nn_model_place(&l->at, folder, "model.safetensors"));
}

/* Adds to a config what no file says: the kind of encoder, and the shape of its matrix. */
static bool add_sizes(loader *l, cJSON *config, base_error *error) {
    nn_shards shards = {0};
    bool ok = weights_file(l, l->at.encoder, error) && nn_shards_open(&shards, l->at.path, error);
    const nn_tensor_info *table = ok ? nn_shards_find(&shards, l->at.kind->table) : NULL;
    if (ok && (!table || table->dim_count != 2))
        ok = base_fail(error, BASE_BAD_INPUT, "%s: expected a matrix %s", l->at.path,
                       l->at.kind->table);
    if (ok && !(cJSON_AddStringToObject(config, "model_type", l->at.kind->model_type) &&
                cJSON_AddNumberToObject(config, "vocab_size", (double)table->dims[0]) &&
                cJSON_AddNumberToObject(config, "hidden_size", (double)table->dims[1])))
        ok = base_fail(error, BASE_FAILED, "out of memory");
    nn_shards_close(&shards);
    return ok;
}

static const char *place_config(loader *l) {
    return l->at.kind && !l->at.kind->config_file
               ? nn_model_place(&l->at, l->at.base, "model.safetensors")
               : nn_model_place(&l->at, l->at.base,
                                l->at.kind ? l->at.kind->config_file : "config.json");
}

/* Says in the config how many layers are left. */
static bool keep_layers(loader *l, cJSON *config, base_error *error) {
    const nn_model_options *o = l->options;
    if (l->at.adapter)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: adapters are for all layers, expected to keep all; sbert convert "
                         "--merge makes a model of them first",
                         l->at.adapter);
    nn_encoder *whole = nn_encoder_new(config, place_config(l), error);
    bool ok = whole != NULL;
    if (ok && !whole->def->layers_key)
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: the layers of a model of type %s are not alike, expected to keep all",
                       l->at.path, whole->def->model_type);
    size_t layers = ok ? whole->transformer.spec.layers : 0, last = o->layers[o->layer_count - 1];
    if (ok && last >= layers)
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: layer %zu is to be kept, expected one of 0 to %zu", l->at.path, last,
                       layers - 1);
    cJSON *count = ok ? cJSON_GetObjectItemCaseSensitive(config, whole->def->layers_key) : NULL;
    if (ok && count)
        cJSON_SetNumberValue(count, (double)o->layer_count);
    else if (ok && !cJSON_AddNumberToObject(config, whole->def->layers_key, (double)o->layer_count))
        ok = base_fail(error, BASE_FAILED, "out of memory");
    nn_encoder_free(whole);
    return ok;
}

static bool load_config(loader *l, base_error *error) {
    bool file = !l->at.kind || l->at.kind->config_file;
    cJSON *config = file ? base_json_file(place_config(l), error) : cJSON_CreateObject();
    l->model->extra->config = config;
    if (!config)
        return base_ok(error) ? base_fail(error, BASE_FAILED, "out of memory") : false;
    if (!cJSON_IsObject(config))
        return base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", l->at.path);
    return (!l->at.kind || add_sizes(l, config, error)) &&
           (!l->options->layers || keep_layers(l, config, error)) &&
           nn_model_build_encoder(l->model, l->options, place_config(l), error);
}

static bool load_adapter(loader *l, base_error *error) {
    nn_model *m = l->model;
    if (m->classifier)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found adapters for a cross-encoder, expected a bi-encoder as their "
                         "base model",
                         l->at.adapter);
    m->lora = nn_lora_read(m->encoder, l->at.adapter, l->data, error);
    if (!m->lora)
        return false;
    m->lora->base = base_copy(l->at.base, strlen(l->at.base));
    return m->lora->base || base_fail(error, BASE_FAILED, "out of memory");
}

static bool load_weights(loader *l, base_error *error) {
    nn_model *m = l->model;
    if (!weights_file(l, l->at.base, error))
        return false;
    const char *const *prefixes = m->encoder->def->prefixes;
    nn_weights_source source = {.path = l->at.path,
                                .scope = "",
                                .stack = m->encoder->transformer.spec.names->stack,
                                .layers = l->options->layers,
                                .layer_count = l->options->layer_count,
                                .prefixes = prefixes,
                                .extra = m->extra,
                                .dtype = &m->dtype,
                                .data = l->data};
    if (!nn_weights_read(m->encoder->params, &source, error) ||
        (m->classifier && l->data &&
         !nn_classifier_take(m->classifier, m->extra, prefixes, true, l->at.path, error)))
        return false;
    nn_extra_tell(m->extra, l->at.path);
    m->encoder_folder = base_copy(l->at.base, strlen(l->at.base));
    return (m->encoder_folder || base_fail(error, BASE_FAILED, "out of memory")) &&
           (!l->at.adapter || load_adapter(l, error));
}

static data_tokenizer *read_tokenizer(const loader *l, base_error *error) {
    return l->at.kind && l->at.kind->bare ? data_tokenizer_load_bare(l->at.encoder, error)
                                          : data_tokenizer_load(l->at.encoder, error);
}

static bool load_tokenizer(loader *l, base_error *error) {
    nn_model *m = l->model;
    m->tokenizer = read_tokenizer(l, error);
    return m->tokenizer && nn_model_check_vocab(m, true, place_config(l), error);
}

/* The file at l->at.path; NULL without an error when it is not there. */
static cJSON *read_if_there(const loader *l, base_error *error) {
    cJSON *config = base_file_exists(l->at.path) ? base_json_file(l->at.path, error) : NULL;
    if (!config || cJSON_IsObject(config))
        return config;
    cJSON_Delete(config);
    base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", l->at.path);
    return NULL;
}

/* sentence_bert_config.json's length, else the smaller of the positions and the tokenizer's.
 * *lower_case is left alone when the file does not say it. */
static bool read_length(const loader *l, const cJSON *config, size_t positions,
                        const data_tokenizer *tokenizer, size_t *length, bool *lower_case,
                        base_error *error) {
    size_t most = data_tokenizer_max_length(tokenizer);
    *length = most && most < positions ? most : positions;
    return base_json_size(config, "max_seq_length", 2, positions, length, l->at.path, error) &&
           base_json_bool(config, "do_lower_case", lower_case, l->at.path, error);
}

/* The Transformer module's own config, by the names that it has had; l->at.path is its place. NULL
 * when there is none. */
static cJSON *read_transformer(loader *l, base_error *error) {
    static const char *const families[] = {"xlnet",      "xlm-roberta", "albert", "camembert",
                                           "distilbert", "roberta",     "bert"};
    char name[64];
    cJSON *config = NULL;
    for (size_t i = sizeof families / sizeof *families; !config && base_ok(error) && i-- > 0;) {
        snprintf(name, sizeof name, "sentence_%s_config.json", families[i]);
        nn_model_place(&l->at, l->at.encoder, name);
        config = read_if_there(l, error);
    }
    if (!config)
        nn_model_place(&l->at, l->at.encoder, "sentence_bert_config.json");
    return config;
}

/* What the Transformer module is for, as its config says. */
static bool check_task(const loader *l, const cJSON *config, base_error *error) {
    const char *wanted = l->cross ? "sequence-classification" : "feature-extraction";
    const char *given = l->cross ? "scores" : "token_embeddings";
    const char *task = wanted, *output = given;
    if (!base_json_text(config, "transformer_task", &task, l->at.path, error) ||
        !base_json_text(config, "module_output_name", &output, l->at.path, error))
        return false;
    if (!strcmp(task, wanted) && !strcmp(output, given))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: transformer_task is \"%.60s\" and module_output_name \"%.60s\", expected "
                     "%s and %s",
                     l->at.path, task, output, wanted, given);
}

static bool load_length(loader *l, base_error *error) {
    nn_model *m = l->model;
    size_t length;
    const cJSON *config = m->extra->config;
    if (l->at.kind)
        place_config(l);
    else
        config = m->extra->sentence_bert = read_transformer(l, error);
    if (!base_ok(error) || (!l->at.kind && !check_task(l, config, error)) ||
        !read_length(l, config, m->encoder->max_length, m->tokenizer, &length,
                     &m->extra->lower_case, error))
        return false;
    if (m->extra->lower_case && !data_tokenizer_lower_case(m->tokenizer))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: do_lower_case is true, expected the same of tokenizer_config.json",
                         l->at.path);
    return nn_model_set_length(m, l->options, length, error);
}

static bool check_similarity(const char *name, const char *where, base_error *error) {
    static const char *const known[] = {"cosine", "dot", "euclidean", "manhattan"};
    char shown[80];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i], name))
            return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: similarity_fn_name is \"%s\", expected cosine, dot, euclidean or "
                     "manhattan",
                     where, base_escape(shown, sizeof shown, name, strlen(name)));
}

/* Prompts stay in the tree: texts by their names. */
static bool check_prompts(const cJSON *prompts, const char *where, base_error *error) {
    const char *text;
    if (prompts && !cJSON_IsNull(prompts) && !cJSON_IsObject(prompts))
        return base_fail(error, BASE_BAD_INPUT, "%s: prompts is not an object of names and texts",
                         where);
    for (const cJSON *item = prompts ? prompts->child : NULL; item; item = item->next)
        if (!base_json_text(prompts, item->string, &text, where, error))
            return false;
    return true;
}

static bool load_sentence_config(loader *l, base_error *error) {
    enum { MOST = 1 << 20 };
    nn_model *m = l->model;
    nn_model_place(&l->at, l->at.folder, "config_sentence_transformers.json");
    const cJSON *config = m->extra->sentence;
    return base_ok(error) && check_prompts(base_json_get(config, "prompts"), l->at.path, error) &&
           base_json_size(config, "truncate_dim", 1, MOST, &m->truncate_dim, l->at.path, error) &&
           base_json_text(config, "similarity_fn_name", &m->similarity, l->at.path, error) &&
           check_similarity(m->similarity, l->at.path, error);
}

static bool load_module(loader *l, const cJSON *entry, base_error *error) {
    const char *kind = nn_model_class(&l->at, entry, error);
    char *folder = kind ? nn_model_module_folder(&l->at, entry, error) : NULL;
    cJSON *config = NULL;
    bool ok = folder != NULL;
    if (ok && base_file_exists(nn_model_place(&l->at, folder, "config.json")))
        ok = (config = base_json_file(l->at.path, error)) != NULL;
    size_t before = l->model->module_count;
    ok = ok && nn_model_add_module(l->model, kind, config, l->options, l->at.path, error);
    if (l->model->module_count > before) {
        l->module[before] = folder;
        l->model->modules[before].entry = entry;
    } else
        free(folder);
    cJSON_Delete(config);
    return ok;
}

/* By the name of a class of torch: of the newer layout, or where older ones kept it. */
static bool read_scores(loader *l, base_error *error) {
    static const char older[] = "sbert_ce_default_activation_function";
    nn_model *m = l->model;
    const char *name = NULL;
    char shown[120];
    if (!base_json_text(m->extra->config, older, &name, place_config(l), error) ||
        !base_json_text(base_json_get(m->extra->config, "sentence_transformers"), "activation_fn",
                        &name, l->at.path, error) ||
        !base_json_text(m->extra->sentence, "activation_fn", &name,
                        nn_model_place(&l->at, l->at.folder, "config_sentence_transformers.json"),
                        error))
        return false;
    return !name || nn_activation_by_class(name, &m->classifier->scores) ||
           base_fail(error, BASE_BAD_INPUT, "%s: activation_fn is \"%s\", expected one of %s",
                     l->at.path, base_escape(shown, sizeof shown, name, strlen(name)),
                     nn_activation_classes());
}

static bool load_classifier(loader *l, base_error *error) {
    if (l->at.list && l->at.list->child->next)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: a cross-encoder has modules behind its Transformer, expected none",
                         nn_model_place(&l->at, l->at.folder, "modules.json"));
    return nn_model_add_classifier(l->model, l->options, place_config(l), error) &&
           read_scores(l, error);
}

static bool load_modules(loader *l, base_error *error) {
    nn_model *m = l->model;
    if (l->cross)
        return load_classifier(l, error);
    if (!l->at.list)
        return nn_model_add_mean(m, l->options, l->at.folder, error);
    for (const cJSON *entry = l->at.list->child->next; entry; entry = entry->next)
        if (!load_module(l, entry, error))
            return l->at.adapter
                       ? base_fail_prefix(error, "%s behind %s", l->at.adapter, l->at.base)
                       : false;
    return !m->has_tokens ||
           base_fail(error, BASE_BAD_INPUT, "%s: expected a Pooling module after the encoder",
                     nn_model_place(&l->at, l->at.folder, "modules.json"));
}

/* Weights of the modules that have any. A bias against "bias": false must not be lost. */
static bool load_module_weights(loader *l, base_error *error) {
    nn_model *m = l->model;
    for (size_t i = 0; i < m->module_count; i++) {
        if (!nn_module_has_tensors(&m->modules[i]))
            continue;
        char scope[sizeof m->modules[i].folder + 1];
        snprintf(scope, sizeof scope, "%s.", m->modules[i].folder);
        if (!weights_file(l, l->module[i], error))
            return false;
        nn_weights_source source = {.path = l->at.path,
                                    .scope = scope,
                                    .dtype = &m->dtype,
                                    .data = l->data,
                                    .strict = true};
        if (!nn_weights_read(m->module_params, &source, error))
            return false;
    }
    return true;
}

/* A folder with modules says what it is for; a plain one of a classifier can be either. */
static bool find_task(loader *l, base_error *error) {
    static const char cross[] = "CrossEncoder";
    nn_task task = l->options->task;
    const char *type = NULL;
    cJSON *config = l->model->extra->sentence =
        (nn_model_place(&l->at, l->at.folder, "config_sentence_transformers.json"),
         read_if_there(l, error));
    if (!base_ok(error) || !base_json_text(config, "model_type", &type, l->at.path, error))
        return false;
    bool plain = !type && !l->at.list && nn_classifier_is_meant(l->model->extra->config);
    l->cross = (type && !strcmp(type, cross)) || (plain && task != NN_BI_ENCODER);
    if (task == NN_ANY_TASK || l->cross == (task == NN_CROSS_ENCODER))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     l->cross ? "%s is a cross-encoder, which scores pairs of texts and has no "
                                "embeddings; expected a bi-encoder (SentenceTransformer)"
                              : "%s is no cross-encoder, expected one (CrossEncoder, "
                                "...ForSequenceClassification): a model that scores pairs of texts",
                     l->at.folder);
}

static bool load_all(loader *l, base_error *error) {
    return load_config(l, error) && find_task(l, error) && load_tokenizer(l, error) &&
           load_length(l, error) && load_sentence_config(l, error) && load_modules(l, error) &&
           nn_model_finish(l->model, l->options, error) && load_weights(l, error) &&
           load_module_weights(l, error);
}

static nn_model *load(const char *folder, const nn_model_options *options, bool data,
                      base_error *error) {
    loader l = {.options = options ? options : &nn_model_as_is, .data = data};
    l.model = nn_model_new(error);
    bool ok = l.model && nn_model_files_find(&l.at, folder, l.options->base, error) &&
              load_all(&l, error);
    for (size_t i = 0; i < NN_MAX_MODULES; i++)
        free(l.module[i]);
    if (l.model) {
        l.model->extra->list = l.at.list;
        l.at.list = NULL;
    }
    nn_model_files_release(&l.at);
    if (ok)
        return l.model;
    nn_model_free(l.model);
    return NULL;
}

nn_model *nn_model_load(const char *folder, const nn_model_options *options, base_error *error) {
    return load(folder, options, true, error);
}

nn_model *nn_model_inspect(const char *folder, base_error *error) {
    return load(folder, &nn_model_any, false, error);
}

static cJSON *read_own(loader *l, base_error *error) {
    place_config(l);
    return l->at.kind->config_file ? read_if_there(l, error) : NULL;
}

static bool read_positions(loader *l, size_t *positions, base_error *error) {
    if (l->at.kind)
        return true;
    nn_model_place(&l->at, l->at.base, "config.json");
    cJSON *config = read_if_there(l, error);
    bool ok =
        base_ok(error) && (!config || nn_encoder_max_length(config, l->at.path, positions, error));
    cJSON_Delete(config);
    return ok;
}

data_tokenizer *nn_model_load_tokenizer(const char *folder, size_t *length, base_error *error) {
    loader l = {0};
    size_t positions = NN_NO_POSITIONS;
    bool lower_case, ok = nn_model_files_find(&l.at, folder, NULL, error);
    data_tokenizer *tokenizer = ok ? read_tokenizer(&l, error) : NULL;
    ok = tokenizer && read_positions(&l, &positions, error);
    cJSON *config = !ok ? NULL : l.at.kind ? read_own(&l, error) : read_transformer(&l, error);
    ok = ok && base_ok(error) &&
         read_length(&l, config, positions, tokenizer, length, &lower_case, error);
    cJSON_Delete(config);
    nn_model_files_release(&l.at);
    if (ok)
        return tokenizer;
    data_tokenizer_free(tokenizer);
    return NULL;
}
