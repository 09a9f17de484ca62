#include "nn/model_build.h"

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "data/pair.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 2 };

#define AS_IS .pooling = -1, .normalize = -1, .hidden_dropout = -1, .attention_dropout = -1
const nn_model_options nn_model_as_is = {AS_IS};
const nn_model_options nn_model_any = {AS_IS, .task = NN_ANY_TASK};

nn_model *nn_model_new(base_error *error) {
    nn_model *m = base_alloc(1, sizeof *m, error);
    if (!m)
        return NULL;
    m->similarity = "cosine";
    m->modules = base_alloc(NN_MAX_MODULES, sizeof *m->modules, error);
    m->module_params = nn_params_new(error);
    m->extra = base_alloc(1, sizeof *m->extra, error);
    if (m->modules && m->module_params && m->extra)
        return m;
    nn_model_free(m);
    return NULL;
}

void nn_model_free(nn_model *m) {
    if (!m)
        return;
    data_tokenizer_free(m->tokenizer);
    nn_encoder_free(m->encoder);
    nn_lora_free(m->lora);
    free(m->encoder_folder);
    nn_classifier_free(m->classifier);
    nn_params_free(m->module_params);
    nn_extra_free(m->extra);
    for (size_t i = 0; i < m->module_count; i++)
        nn_module_free(&m->modules[i]);
    free(m->modules);
    data_prompt_release(&m->prompt);
    free(m->card.data);
    free(m->card.scores);
    free(m->card.recipe);
    base_bytes_free(&m->card.whole);
    free(m);
}

bool nn_model_adapt(nn_model *m, const nn_lora_settings *settings, uint64_t seed, const char *where,
                    base_error *error) {
    m->lora = nn_lora_new(m->encoder, settings, seed, where, error);
    if (!m->lora)
        return false;
    m->lora->base = base_copy(m->encoder_folder, strlen(m->encoder_folder));
    return m->lora->base || base_fail(error, BASE_FAILED, "out of memory");
}

void nn_model_merge(nn_model *m) {
    nn_lora_merge(m->lora, m->encoder->params);
    m->dtype = nn_dtype_at(0);
    m->encoder->transformer.lora = NULL;
    nn_lora_free(m->lora);
    m->lora = NULL;
}

static bool set_dropout(double *dropout, double wanted, const char *name, base_error *error) {
    if (wanted < 0)
        return true;
    if (!(wanted < 1))
        return base_fail(error, BASE_BAD_INPUT, "%s is %g, expected at least 0 and less than 1",
                         name, wanted);
    *dropout = wanted;
    return true;
}

bool nn_model_build_encoder(nn_model *m, const nn_model_options *options, const char *where,
                            base_error *error) {
    m->encoder = nn_encoder_new(m->extra->config, where, error);
    if (!m->encoder)
        return false;
    nn_transformer_spec *s = &m->encoder->transformer.spec;
    m->width = nn_encoder_width(m->encoder);
    m->has_tokens = !m->encoder->def->gives_texts;
    return set_dropout(&s->hidden_dropout, options->hidden_dropout, "hidden dropout", error) &&
           set_dropout(&s->attention_dropout, options->attention_dropout, "attention dropout",
                       error);
}

bool nn_model_check_vocab(const nn_model *m, bool padded, const char *where, base_error *error) {
    size_t entries = data_tokenizer_vocab_size(m->tokenizer);
    size_t rows = m->encoder->transformer.spec.vocab;
    if (entries == rows || (padded && entries < rows))
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: vocab_size is %zu, expected %s%zu as the vocabulary has entries", where,
                     rows, padded ? "at least " : "", entries);
}

/* Layers whose outputs modules see: as in Python none unless the config asks for them. */
static size_t layers_given(const nn_model *m) {
    return cJSON_IsTrue(base_json_get(m->extra->config, "output_hidden_states"))
               ? m->encoder->transformer.spec.layers
               : 0;
}

static bool append(nn_model *m, const char *kind, const cJSON *config, const char *where,
                   base_error *error) {
    if (m->module_count == NN_MAX_MODULES)
        return base_fail(error, BASE_BAD_INPUT, "%s: more than %d modules", where, NN_MAX_MODULES);
    nn_module *module = &m->modules[m->module_count];
    nn_module_place place = {m->module_count + 1, m->width, layers_given(m)};
    m->module_count++;
    return nn_module_init(module, kind, &place, config, m->module_params, where, error);
}

bool nn_model_add_module(nn_model *m, const char *kind, const cJSON *config,
                         const nn_model_options *options, const char *where, base_error *error) {
    const nn_module_def *def = nn_module_find(kind);
    bool pooling = def == &nn_module_pooling_def;
    if (def && def->takes_tokens != m->has_tokens)
        return base_fail(error, BASE_BAD_INPUT, "%s: expected %s", where,
                         m->has_tokens ? "a Pooling module before this one, which takes a vector a "
                                         "text"
                                       : "this module before the Pooling, since it takes a vector "
                                         "a token");
    if (def == &nn_module_normalize_def && options->normalize == 0)
        return true;
    if (!append(m, kind, config, where, error))
        return false;
    nn_module *module = &m->modules[m->module_count - 1];
    if (pooling && options->pooling >= 0)
        nn_pooling_set(module, (op_pool_mode)options->pooling);
    m->width = module->out;
    m->has_tokens = module->def->gives_tokens;
    return true;
}

bool nn_model_add_mean(nn_model *m, const nn_model_options *options, const char *where,
                       base_error *error) {
    if (!m->has_tokens)
        return true;
    cJSON *mean = cJSON_CreateObject();
    bool ok = (mean || base_fail(error, BASE_FAILED, "out of memory")) &&
              nn_model_add_module(m, "Pooling", mean, options, where, error);
    cJSON_Delete(mean);
    return ok;
}

bool nn_model_add_classifier(nn_model *m, const nn_model_options *options, const char *where,
                             base_error *error) {
    size_t types = m->encoder->transformer.spec.types;
    m->classifier = nn_classifier_new(m->encoder, m->extra->config, m->module_params, where, error);
    if (!m->classifier || !data_pair_check(m->tokenizer, types, m->max_length, error))
        return false;
    if (options->hidden_dropout >= 0)
        m->classifier->dropout = options->hidden_dropout;
    m->width = m->classifier->labels;
    m->has_tokens = false;
    return true;
}

static void drop_modules(nn_model *m) {
    for (size_t i = 0; i < m->module_count; i++)
        nn_module_free(&m->modules[i]);
    m->module_count = 0;
    nn_params_free(m->module_params);
    m->module_params = NULL;
}

/* Of one text a bi-encoder sees less than its tokenizer lets through; Python's CrossEncoder asks
 * the tokenizer. */
size_t nn_model_pair_length(const nn_model *m, const nn_model_options *options) {
    if (m->classifier)
        return m->max_length;
    if (options->max_length)
        return options->max_length;
    size_t most = data_tokenizer_max_length(m->tokenizer), positions = m->encoder->max_length;
    return most && most < positions ? most : positions;
}

/* What the files say of the folder's modules and vectors is said no more. */
static bool forget_embedding(nn_model *m, base_error *error) {
    nn_extra *extra = m->extra;
    cJSON_Delete(extra->list);
    cJSON_Delete(extra->sentence);
    cJSON_Delete(extra->sentence_bert);
    extra->list = extra->sentence = extra->sentence_bert = NULL;
    data_prompt_release(&m->prompt);
    m->truncate_dim = 0;
    return nn_model_prompt(m, NULL, NULL, &m->prompt, error);
}

/* id2label says the number of labels. */
static bool name_labels(nn_model *m, size_t labels, const char *const *label, base_error *error) {
    cJSON *names = cJSON_CreateObject();
    bool ok = names != NULL;
    for (size_t i = 0; ok && i < labels; i++) {
        char key[24], name[40];
        snprintf(key, sizeof key, "%zu", i);
        snprintf(name, sizeof name, "LABEL_%zu", i);
        ok = cJSON_AddStringToObject(names, key, label ? label[i] : name) != NULL;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(m->extra->config, "id2label");
    if (ok && cJSON_AddItemToObject(m->extra->config, "id2label", names))
        return true;
    cJSON_Delete(names);
    return base_fail(error, BASE_FAILED, "out of memory");
}

bool nn_model_make_cross_encoder(nn_model *m, size_t labels, const char *const *label,
                                 uint64_t seed, const nn_model_options *options,
                                 base_error *error) {
    static const char where[] = "config.json";
    drop_modules(m);
    m->module_params = nn_params_new(error);
    if (!m->module_params ||
        !nn_model_set_length(m, options, nn_model_pair_length(m, options), error) ||
        !forget_embedding(m, error) || !name_labels(m, labels, label, error) ||
        !nn_model_add_classifier(m, options, where, error) || !nn_model_finish(m, options, error))
        return false;
    const char *const *prefixes = m->encoder->def->prefixes;
    nn_params_init(m->module_params, seed);
    if (!nn_classifier_take(m->classifier, m->extra, prefixes, false, where, error))
        return false;
    nn_extra_drop(m->extra, "pooler.");
    nn_extra_drop(m->extra, "position_ids");
    m->extra->prefix = prefixes[0];
    return nn_classifier_describe(m->classifier, m->extra->config, error);
}

bool nn_model_name_labels(nn_model *m, const char *const *label, base_error *error) {
    for (size_t i = 0; i < m->classifier->labels; i++) {
        char *name = base_copy(label[i], strlen(label[i]));
        if (!name)
            return base_fail(error, BASE_FAILED, "out of memory");
        free(m->classifier->label[i]);
        m->classifier->label[i] = name;
    }
    return nn_classifier_describe(m->classifier, m->extra->config, error);
}

bool nn_model_score_by_logits(nn_model *m, base_error *error) {
    cJSON *files = m->extra->sentence;
    m->classifier->scores = NN_IDENTITY;
    cJSON_DeleteItemFromObjectCaseSensitive(files, "activation_fn");
    return !files ||
           cJSON_AddStringToObject(files, "activation_fn", nn_activation_class(NN_IDENTITY)) ||
           base_fail(error, BASE_FAILED, "out of memory");
}

bool nn_model_finish(nn_model *m, const nn_model_options *options, base_error *error) {
    const nn_module_def *last = m->module_count ? m->modules[m->module_count - 1].def : NULL;
    if (options->normalize == 1 && last != &nn_module_normalize_def &&
        !append(m, "Normalize", NULL, "the normalize option", error))
        return false;
    size_t columns = options->truncate_dim ? options->truncate_dim : m->truncate_dim;
    m->encoded = columns && columns < m->width ? columns : m->width;
    return nn_params_allocate(m->module_params, error) &&
           nn_model_prompt(m, options->prompt, options->prompt_name, &m->prompt, error);
}

bool nn_model_set_length(nn_model *m, const nn_model_options *options, size_t length,
                         base_error *error) {
    size_t most = m->encoder->max_length;
    m->max_length = options->max_length ? options->max_length : length;
    if (m->max_length >= SHORTEST && m->max_length <= most)
        return true;
    return base_fail(error, BASE_BAD_INPUT,
                     "the maximal length is %zu, expected %d to %zu (max_position_embeddings)",
                     m->max_length, SHORTEST, most);
}

/* ---- prompts ---- */

static bool refuse_name(const cJSON *prompts, const char *name, base_error *error) {
    base_bytes known = {0};
    char shown[80];
    for (const cJSON *p = prompts ? prompts->child : NULL; p; p = p->next)
        base_bytes_format(&known, error, "%s\"%s\"", p == prompts->child ? "" : ", ", p->string);
    base_fail(error, BASE_BAD_INPUT, "the model has no prompt \"%s\", it has %s",
              base_escape(shown, sizeof shown, name, strlen(name)),
              known.size ? known.data : "none");
    base_bytes_free(&known);
    return false;
}

static bool leaves_prompts_out(const nn_model *m) {
    for (size_t i = 0; i < m->module_count; i++)
        if (m->modules[i].def == &nn_module_pooling_def && !m->modules[i].include_prompt)
            return true;
    return false;
}

bool nn_model_prompt(const nn_model *m, const char *text, const char *name, data_prompt *out,
                     base_error *error) {
    static const char where[] = "config_sentence_transformers.json";
    const cJSON *prompts = base_json_get(m->extra->sentence, "prompts");
    *out = (data_prompt){0};
    if (!text && !name &&
        !base_json_text(m->extra->sentence, "default_prompt_name", &name, where, error))
        return false;
    if (!text && name) {
        const cJSON *found = base_json_get(prompts, name);
        if (!found)
            return refuse_name(prompts, name, error);
        if (!base_json_text(prompts, name, &text, where, error))
            return false;
    }
    return data_prompt_make(out, text ? text : "", text ? strlen(text) : 0, error) &&
           (!out->size || !leaves_prompts_out(m) ||
            data_prompt_count(out, m->tokenizer, m->max_length, error));
}

static data_tokenizer *load_vocab(const char *path, bool lower_case, base_error *error) {
    return base_file_is_folder(path) ? data_tokenizer_load(path, error)
                                     : data_tokenizer_from_vocab(path, lower_case, error);
}

/* Keys that Python needs, where the config is silent. */
static bool complete(cJSON *config, size_t entries, const char *where, base_error *error) {
    if (!cJSON_IsObject(config))
        return base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", where);
    bool ok = true;
    if (!base_json_get(config, "model_type"))
        ok = cJSON_AddStringToObject(config, "model_type", "bert") != NULL;
    if (ok && !base_json_get(config, "vocab_size"))
        ok = cJSON_AddNumberToObject(config, "vocab_size", (double)entries) != NULL;
    return ok || base_fail(error, BASE_FAILED, "out of memory");
}

static void fill_normal(float *out, size_t n, double scale, base_random stream) {
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(scale * base_random_normal(&stream));
}

/* Python expects the pooler in the file although sentence embeddings do not use it. */
static bool add_pooler(nn_model *m, uint64_t seed, base_error *error) {
    const char *pooler = m->encoder->def->pooler;
    size_t h = nn_encoder_width(m->encoder), dims[2] = {h, h};
    char name[64];
    if (!pooler)
        return true;
    snprintf(name, sizeof name, "%s.weight", pooler);
    nn_extra_tensor *weight =
        nn_extra_add(m->extra, name, "F32", dims, 2, h * h * sizeof(float), error);
    if (!weight)
        return false;
    fill_normal(weight->bytes, h * h, m->encoder->transformer.spec.init_range,
                base_random_stream(seed, name));
    snprintf(name, sizeof name, "%s.bias", pooler);
    return nn_extra_add(m->extra, name, "F32", dims, 1, h * sizeof(float), error) != NULL;
}

static bool create(nn_model *m, const char *config_path, uint64_t seed,
                   const nn_model_options *options, base_error *error) {
    cJSON *config = m->extra->config = base_json_file(config_path, error);
    if (!config || !complete(config, data_tokenizer_vocab_size(m->tokenizer), config_path, error) ||
        !nn_model_build_encoder(m, options, config_path, error) ||
        !nn_model_check_vocab(m, false, config_path, error) ||
        !nn_model_set_length(m, options, m->encoder->max_length, error))
        return false;
    if (m->encoder->def->bare)
        data_tokenizer_make_bare(m->tokenizer);
    if (!nn_model_add_mean(m, options, config_path, error) || !nn_model_finish(m, options, error))
        return false;
    nn_params_init(m->encoder->params, seed);
    nn_params_init(m->module_params, seed);
    return add_pooler(m, seed, error);
}

nn_model *nn_model_create(const char *config_path, const char *vocab_path, bool lower_case,
                          uint64_t seed, const nn_model_options *options, base_error *error) {
    nn_model *m = nn_model_new(error);
    if (!m)
        return NULL;
    m->tokenizer = load_vocab(vocab_path, lower_case, error);
    if (m->tokenizer && create(m, config_path, seed, options ? options : &nn_model_as_is, error))
        return m;
    nn_model_free(m);
    return NULL;
}

static bool wants_layers(const nn_model *m) {
    for (size_t i = 0; i < m->module_count; i++)
        if (m->modules[i].def->wants_layers)
            return true;
    return false;
}

size_t nn_model_layers(const nn_model *m) {
    bool none = m->classifier || m->encoder->def->gives_texts || wants_layers(m);
    return none ? 0 : m->encoder->transformer.spec.layers;
}

static tape_node *run_modules(const nn_model *m, const nn_module_pass *pass, tape_node *x) {
    for (size_t i = 0; x && i < m->module_count; i++) {
        tape_node *y = m->modules[i].def->forward(&m->modules[i], pass, x);
        if (y != x)
            tape_release(pass->tape, x);
        x = y;
    }
    return x;
}

static tape_node *forward(const nn_model *m, tape *t, const tape_layout *layout, tape_node **each) {
    tape_node *layers[NN_MAX_LAYERS + 1];
    bool wanted = each || wants_layers(m);
    nn_module_pass pass = {t, layout, m->module_params, wanted ? layers : NULL};
    tape_node *x = nn_encoder_forward(m->encoder, t, layout, wanted ? layers : NULL);
    for (size_t i = 0; x && each && i < nn_model_layers(m); i++)
        each[i] = run_modules(m, &pass, layers[i]);
    x = run_modules(m, &pass, x);
    return x && m->classifier ? nn_classifier_forward(m->classifier, t, layout, x) : x;
}

tape_node *nn_model_forward(const nn_model *m, tape *t, const tape_layout *layout) {
    return forward(m, t, layout, NULL);
}

tape_node *nn_model_forward_layers(const nn_model *m, tape *t, const tape_layout *layout,
                                   tape_node **each) {
    return forward(m, t, layout, each);
}

bool nn_model_scratch_bytes(const nn_model *m, size_t tokens, size_t max_length, size_t *bytes) {
    const nn_transformer_spec *s = &m->encoder->transformer.spec;
    size_t longest = s->layers ? max_length : 1; /* text that attention sees */
    return op_scratch_bytes(&(op_bounds){tokens, s->hidden, longest, s->hidden / s->heads}, bytes);
}

/* What the modules make of one layer's output. */
bool nn_model_layer_bytes(const nn_model *m, size_t tokens, size_t texts, size_t *bytes) {
    enum { COPIES = 16 };
    bool ok = true;
    *bytes = 0;
    for (size_t i = 0; ok && i < m->module_count; i++) {
        const nn_module *module = &m->modules[i];
        size_t numbers, rows = module->def->gives_tokens ? tokens : texts;
        size_t copies = module->def->wants_layers ? 1 + module->layers / COPIES : 1;
        ok = base_size_mul(rows, module->in + module->out, &numbers) &&
             base_size_mul(numbers, copies, &numbers) &&
             base_size_mul(numbers, COPIES * sizeof(real), &numbers) &&
             base_size_add(*bytes, numbers, bytes);
    }
    return ok;
}

bool nn_model_tape_bytes(const nn_model *m, size_t tokens, size_t texts, bool record,
                         size_t *bytes) {
    enum { COPIES = 16 };
    size_t numbers;
    bool ok = nn_encoder_tape_bytes(m->encoder, tokens, texts, record, bytes) &&
              nn_model_layer_bytes(m, tokens, texts, &numbers) &&
              base_size_add(*bytes, numbers, bytes);
    if (ok && m->classifier)
        ok = base_size_mul(texts, 2 * nn_encoder_width(m->encoder) + m->width, &numbers) &&
             base_size_mul(numbers, COPIES * sizeof(real), &numbers) &&
             base_size_add(*bytes, numbers, bytes);
    return ok;
}
