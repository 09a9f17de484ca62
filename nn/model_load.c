#include "nn/model_build.h"

#include "base/file.h"
#include "base/json.h"
#include "nn/shards.h"
#include "nn/weights.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct loader {
    nn_model *model;
    char *folder;
    const nn_model_options *options;
    bool data;                    /* read the weights */
    bool cross;                   /* the folder is a cross-encoder's */
    cJSON *list;                  /* modules.json; NULL in a plain encoder folder */
    const nn_encoder_def *kind;   /* of the first module; NULL: Transformer */
    char *encoder;                /* folder of the encoder's files */
    char *module[NN_MAX_MODULES]; /* folders of the modules' files */
    char path[1024];              /* of the file at hand */
} loader;

static const char *place(loader *l, const char *folder, const char *name) {
    size_t n = strlen(folder);
    snprintf(l->path, sizeof l->path, "%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
    return l->path;
}

/* Longest name of a file in a model folder. */
enum { NAME = 64 };

static bool fits(const loader *l, const char *folder, base_error *error) {
    return strlen(folder) + NAME < sizeof l->path ||
           base_fail(error, BASE_BAD_INPUT,
                     "%.200s...: the path has %zu bytes, expected at most %zu", folder,
                     strlen(folder), sizeof l->path - NAME - 1);
}

/* The class of a module, "Pooling" for "sentence_transformers.models.Pooling"; NULL and an error
 * when it is none of sentence-transformers' own. */
static const char *class_of(loader *l, const cJSON *entry, base_error *error) {
    const char *type = NULL;
    char shown[120];
    place(l, l->folder, "modules.json");
    if (!base_json_text(entry, "type", &type, l->path, error))
        return NULL;
    const char *dot = type ? strrchr(type, '.') : NULL;
    if (dot && !strncmp(type, "sentence_transformers.", 22))
        return dot + 1;
    base_fail(error, BASE_BAD_INPUT,
              "%s: module type is \"%s\", expected a class of "
              "sentence_transformers",
              l->path, type ? base_escape(shown, sizeof shown, type, strlen(type)) : "");
    return NULL;
}

static bool read_list(loader *l, base_error *error) {
    place(l, l->folder, "modules.json");
    if (!base_file_exists(l->path))
        return true;
    l->list = base_json_file(l->path, error);
    if (!l->list)
        return false;
    bool objects = cJSON_IsArray(l->list) && l->list->child;
    for (const cJSON *item = objects ? l->list->child : NULL; objects && item; item = item->next)
        objects = cJSON_IsObject(item);
    return objects || base_fail(error, BASE_BAD_INPUT, "%s: expected a list of modules", l->path);
}

static bool module_folder(loader *l, const cJSON *entry, char **out, base_error *error) {
    const char *path = "";
    place(l, l->folder, "modules.json");
    if (!base_json_text(entry, "path", &path, l->path, error))
        return false;
    *out = *path ? base_path(l->folder, path, error) : base_copy(l->folder, strlen(l->folder));
    return *out ? fits(l, *out, error) : base_fail(error, BASE_FAILED, "out of memory");
}

char *nn_model_folder(const char *path, base_error *error) {
    bool model = base_file_exists_in(path, "modules.json", error) ||
                 base_file_exists_in(path, "model.safetensors", error);
    if (!model && base_file_exists_in(path, "model/modules.json", error))
        return base_path(path, "model", error);
    char *copy = base_copy(path, strlen(path));
    if (!copy)
        base_fail(error, BASE_FAILED, "out of memory");
    return copy;
}

static bool find_encoder(loader *l, base_error *error) {
    if (!fits(l, l->folder, error) || !read_list(l, error))
        return false;
    if (!l->list) {
        l->encoder = base_copy(l->folder, strlen(l->folder));
        return l->encoder || base_fail(error, BASE_FAILED, "out of memory");
    }
    const char *kind = class_of(l, l->list->child, error);
    l->kind = kind ? nn_encoder_find_module(kind) : NULL;
    if (kind && !l->kind && strcmp(kind, "Transformer") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the first module is %.80s, expected Transformer, WordEmbeddings or "
                         "StaticEmbedding",
                         place(l, l->folder, "modules.json"), kind);
    return kind && module_folder(l, l->list->child, &l->encoder, error);
}

/* model.safetensors, or the index of several files, or the sentence that says how to get one. */
static bool weights_file(loader *l, const char *folder, base_error *error) {
    if (base_file_exists(place(l, folder, "model.safetensors")) ||
        base_file_exists(place(l, folder, "model.safetensors.index.json")))
        return true;
    if (base_file_exists(place(l, folder, "pytorch_model.bin")) ||
        base_file_exists(place(l, folder, "pytorch_model.bin.index.json")))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: pickle files are not read because they can run code; convert it with "
                         "Python: from sentence_transformers import SentenceTransformer; "
                         "SentenceTransformer('%.200s').save('NEW_FOLDER')",
                         l->path, l->folder);
    return base_fail(error, BASE_BAD_INPUT, "%s: missing, expected the model's weights",
                     place(l, folder, "model.safetensors"));
}

/* Adds to a config what no file says: the kind of encoder, and the shape of its matrix. */
static bool add_sizes(loader *l, cJSON *config, base_error *error) {
    nn_shards shards = {0};
    bool ok = weights_file(l, l->encoder, error) && nn_shards_open(&shards, l->path, error);
    const nn_tensor_info *table = ok ? nn_shards_find(&shards, l->kind->table) : NULL;
    if (ok && (!table || table->dim_count != 2))
        ok = base_fail(error, BASE_BAD_INPUT, "%s: expected a matrix %s", l->path, l->kind->table);
    if (ok && !(cJSON_AddStringToObject(config, "model_type", l->kind->model_type) &&
                cJSON_AddNumberToObject(config, "vocab_size", (double)table->dims[0]) &&
                cJSON_AddNumberToObject(config, "hidden_size", (double)table->dims[1])))
        ok = base_fail(error, BASE_FAILED, "out of memory");
    nn_shards_close(&shards);
    return ok;
}

static const char *place_config(loader *l) {
    return l->kind && !l->kind->config_file
               ? place(l, l->encoder, "model.safetensors")
               : place(l, l->encoder, l->kind ? l->kind->config_file : "config.json");
}

/* Says in the config how many layers are left. */
static bool keep_layers(loader *l, cJSON *config, base_error *error) {
    const nn_model_options *o = l->options;
    nn_encoder *whole = nn_encoder_new(config, place_config(l), error);
    bool ok = whole != NULL;
    if (ok && !whole->def->layers_key)
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: the layers of a model of type %s are not alike, expected to keep all",
                       l->path, whole->def->model_type);
    size_t layers = ok ? whole->transformer.spec.layers : 0, last = o->layers[o->layer_count - 1];
    if (ok && last >= layers)
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: layer %zu is to be kept, expected one of 0 to %zu", l->path, last,
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
    bool file = !l->kind || l->kind->config_file;
    cJSON *config = file ? base_json_file(place_config(l), error) : cJSON_CreateObject();
    l->model->extra->config = config;
    if (!config)
        return base_ok(error) ? base_fail(error, BASE_FAILED, "out of memory") : false;
    if (!cJSON_IsObject(config))
        return base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", l->path);
    return (!l->kind || add_sizes(l, config, error)) &&
           (!l->options->layers || keep_layers(l, config, error)) &&
           nn_model_build_encoder(l->model, l->options, place_config(l), error);
}

static bool load_weights(loader *l, base_error *error) {
    nn_model *m = l->model;
    if (!weights_file(l, l->encoder, error))
        return false;
    const char *const *prefixes = m->encoder->def->prefixes;
    nn_weights_source source = {.path = l->path,
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
         !nn_classifier_take(m->classifier, m->extra, prefixes, true, l->path, error)))
        return false;
    nn_extra_tell(m->extra, l->path);
    return true;
}

static data_tokenizer *read_tokenizer(const loader *l, base_error *error) {
    return l->kind && l->kind->bare ? data_tokenizer_load_bare(l->encoder, error)
                                    : data_tokenizer_load(l->encoder, error);
}

static bool load_tokenizer(loader *l, base_error *error) {
    nn_model *m = l->model;
    m->tokenizer = read_tokenizer(l, error);
    return m->tokenizer && nn_model_check_vocab(m, true, place_config(l), error);
}

/* The file at l->path; NULL without an error when it is not there. */
static cJSON *read_if_there(const loader *l, base_error *error) {
    cJSON *config = base_file_exists(l->path) ? base_json_file(l->path, error) : NULL;
    if (!config || cJSON_IsObject(config))
        return config;
    cJSON_Delete(config);
    base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", l->path);
    return NULL;
}

/* sentence_bert_config.json's length, else the smaller of the positions and the tokenizer's.
 * *lower_case is left alone when the file does not say it. */
static bool read_length(const loader *l, const cJSON *config, size_t positions,
                        const data_tokenizer *tokenizer, size_t *length, bool *lower_case,
                        base_error *error) {
    size_t most = data_tokenizer_max_length(tokenizer);
    *length = most && most < positions ? most : positions;
    return base_json_size(config, "max_seq_length", 2, positions, length, l->path, error) &&
           base_json_bool(config, "do_lower_case", lower_case, l->path, error);
}

/* The Transformer module's own config, by the names that it has had; l->path is its place. NULL
 * when there is none. */
static cJSON *read_transformer(loader *l, base_error *error) {
    static const char *const families[] = {"xlnet",      "xlm-roberta", "albert", "camembert",
                                           "distilbert", "roberta",     "bert"};
    char name[NAME];
    cJSON *config = NULL;
    for (size_t i = sizeof families / sizeof *families; !config && base_ok(error) && i-- > 0;) {
        snprintf(name, sizeof name, "sentence_%s_config.json", families[i]);
        place(l, l->encoder, name);
        config = read_if_there(l, error);
    }
    if (!config)
        place(l, l->encoder, "sentence_bert_config.json");
    return config;
}

/* What the Transformer module is for, as its config says. */
static bool check_task(const loader *l, const cJSON *config, base_error *error) {
    const char *wanted = l->cross ? "sequence-classification" : "feature-extraction";
    const char *given = l->cross ? "scores" : "token_embeddings";
    const char *task = wanted, *output = given;
    if (!base_json_text(config, "transformer_task", &task, l->path, error) ||
        !base_json_text(config, "module_output_name", &output, l->path, error))
        return false;
    if (!strcmp(task, wanted) && !strcmp(output, given))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: transformer_task is \"%.60s\" and module_output_name \"%.60s\", expected "
                     "%s and %s",
                     l->path, task, output, wanted, given);
}

static bool load_length(loader *l, base_error *error) {
    nn_model *m = l->model;
    size_t length;
    const cJSON *config = m->extra->config;
    if (l->kind)
        place_config(l);
    else
        config = m->extra->sentence_bert = read_transformer(l, error);
    if (!base_ok(error) || (!l->kind && !check_task(l, config, error)) ||
        !read_length(l, config, m->encoder->max_length, m->tokenizer, &length,
                     &m->extra->lower_case, error))
        return false;
    if (m->extra->lower_case && !data_tokenizer_lower_case(m->tokenizer))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: do_lower_case is true, expected the same of tokenizer_config.json",
                         l->path);
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
    place(l, l->folder, "config_sentence_transformers.json");
    const cJSON *config = m->extra->sentence;
    return base_ok(error) && check_prompts(base_json_get(config, "prompts"), l->path, error) &&
           base_json_size(config, "truncate_dim", 1, MOST, &m->truncate_dim, l->path, error) &&
           base_json_text(config, "similarity_fn_name", &m->similarity, l->path, error) &&
           check_similarity(m->similarity, l->path, error);
}

static bool load_module(loader *l, const cJSON *entry, base_error *error) {
    const char *kind = class_of(l, entry, error);
    char *folder = NULL;
    cJSON *config = NULL;
    bool ok = kind && module_folder(l, entry, &folder, error);
    if (ok && base_file_exists(place(l, folder, "config.json")))
        ok = (config = base_json_file(l->path, error)) != NULL;
    size_t before = l->model->module_count;
    ok = ok && nn_model_add_module(l->model, kind, config, l->options, l->path, error);
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
                        &name, l->path, error) ||
        !base_json_text(m->extra->sentence, "activation_fn", &name,
                        place(l, l->folder, "config_sentence_transformers.json"), error))
        return false;
    return !name || nn_activation_by_class(name, &m->classifier->scores) ||
           base_fail(error, BASE_BAD_INPUT, "%s: activation_fn is \"%s\", expected one of %s",
                     l->path, base_escape(shown, sizeof shown, name, strlen(name)),
                     nn_activation_classes());
}

static bool load_classifier(loader *l, base_error *error) {
    if (l->list && l->list->child->next)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: a cross-encoder has modules behind its Transformer, expected none",
                         place(l, l->folder, "modules.json"));
    return nn_model_add_classifier(l->model, l->options, place_config(l), error) &&
           read_scores(l, error);
}

static bool load_modules(loader *l, base_error *error) {
    nn_model *m = l->model;
    if (l->cross)
        return load_classifier(l, error);
    if (!l->list)
        return nn_model_add_mean(m, l->options, l->folder, error);
    for (const cJSON *entry = l->list->child->next; entry; entry = entry->next)
        if (!load_module(l, entry, error))
            return false;
    return !m->has_tokens ||
           base_fail(error, BASE_BAD_INPUT, "%s: expected a Pooling module after the encoder",
                     place(l, l->folder, "modules.json"));
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
        nn_weights_source source = {
            .path = l->path, .scope = scope, .dtype = &m->dtype, .data = l->data, .strict = true};
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
        (place(l, l->folder, "config_sentence_transformers.json"), read_if_there(l, error));
    if (!base_ok(error) || !base_json_text(config, "model_type", &type, l->path, error))
        return false;
    bool plain = !type && !l->list && nn_classifier_is_meant(l->model->extra->config);
    l->cross = (type && !strcmp(type, cross)) || (plain && task != NN_BI_ENCODER);
    if (task == NN_ANY_TASK || l->cross == (task == NN_CROSS_ENCODER))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     l->cross ? "%s is a cross-encoder, which scores pairs of texts and has no "
                                "embeddings; expected a bi-encoder (SentenceTransformer)"
                              : "%s is no cross-encoder, expected one (CrossEncoder, "
                                "...ForSequenceClassification): a model that scores pairs of texts",
                     l->folder);
}

static bool load_all(loader *l, base_error *error) {
    if (!base_file_is_folder(l->folder)) {
        char shown[512];
        return base_fail(error, BASE_BAD_INPUT, "%s: no such folder, expected a model folder",
                         base_escape(shown, sizeof shown, l->folder, strlen(l->folder)));
    }
    return find_encoder(l, error) && load_config(l, error) && find_task(l, error) &&
           load_tokenizer(l, error) && load_length(l, error) && load_sentence_config(l, error) &&
           load_modules(l, error) && nn_model_finish(l->model, l->options, error) &&
           load_weights(l, error) && load_module_weights(l, error);
}

static nn_model *load(const char *folder, const nn_model_options *options, bool data,
                      base_error *error) {
    loader l = {.options = options ? options : &nn_model_as_is, .data = data};
    l.folder = nn_model_folder(folder, error);
    l.model = nn_model_new(error);
    bool ok = l.folder && l.model && load_all(&l, error);
    for (size_t i = 0; i < NN_MAX_MODULES; i++)
        free(l.module[i]);
    free(l.encoder);
    free(l.folder);
    if (l.model)
        l.model->extra->list = l.list;
    else
        cJSON_Delete(l.list);
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
    return l->kind->config_file ? read_if_there(l, error) : NULL;
}

static bool read_positions(loader *l, size_t *positions, base_error *error) {
    if (l->kind)
        return true;
    place(l, l->encoder, "config.json");
    cJSON *config = read_if_there(l, error);
    bool ok =
        base_ok(error) && (!config || nn_encoder_max_length(config, l->path, positions, error));
    cJSON_Delete(config);
    return ok;
}

data_tokenizer *nn_model_load_tokenizer(const char *folder, size_t *length, base_error *error) {
    loader l = {.folder = nn_model_folder(folder, error)};
    size_t positions = NN_NO_POSITIONS;
    bool lower_case, ok = l.folder && find_encoder(&l, error);
    data_tokenizer *tokenizer = ok ? read_tokenizer(&l, error) : NULL;
    ok = tokenizer && read_positions(&l, &positions, error);
    cJSON *config = !ok ? NULL : l.kind ? read_own(&l, error) : read_transformer(&l, error);
    ok = ok && base_ok(error) &&
         read_length(&l, config, positions, tokenizer, length, &lower_case, error);
    cJSON_Delete(config);
    free(l.encoder);
    free(l.folder);
    cJSON_Delete(l.list);
    if (ok)
        return tokenizer;
    data_tokenizer_free(tokenizer);
    return NULL;
}
