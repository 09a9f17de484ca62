/* Adapters as peft's folder has them: adapter_config.json, and adapter_model.safetensors with
 * tensors called base_model.model.LAYER.lora_A.weight. */
#include "base/file.h"
#include "base/json.h"
#include "nn/lora_build.h"
#include "nn/shards.h"
#include "nn/weights.h"

#include <stdlib.h>
#include <string.h>

static const char config_name[] = "adapter_config.json",
                  weights_name[] = "adapter_model.safetensors",
                  written_prefix[] = "base_model.model.";

bool nn_lora_is_in(const char *folder, base_error *error) {
    return base_file_exists_in(folder, config_name, error);
}

static cJSON *read_config(const char *path, base_error *error) {
    cJSON *config = base_json_file(path, error);
    if (!config || cJSON_IsObject(config))
        return config;
    base_fail(error, BASE_BAD_INPUT, "%s: not a JSON object", path);
    cJSON_Delete(config);
    return NULL;
}

char *nn_lora_base_of(const char *folder, base_error *error) {
    const char *base = NULL;
    char *path = base_path(folder, config_name, error), *copy = NULL;
    cJSON *config = path ? read_config(path, error) : NULL;
    if (config && base_json_text(config, "base_model_name_or_path", &base, path, error)) {
        char shown[200];
        if (base && base_file_is_folder(base))
            copy = base_copy(base, strlen(base));
        else
            base_fail(error, BASE_BAD_INPUT,
                      "%s: base_model_name_or_path is \"%s\", which is no folder here, expected "
                      "that of the adapted model; give it by --base, or in a config by model.base",
                      path, base ? base_escape(shown, sizeof shown, base, strlen(base)) : "");
        if (!copy && base_ok(error))
            base_fail(error, BASE_FAILED, "out of memory");
    }
    cJSON_Delete(config);
    free(path);
    return copy;
}

/* ---- reading ---- */

/* What computes otherwise than plain LoRA, or trains more than linear layers. */
static bool refuse_others(const cJSON *config, const char *path, base_error *error) {
    static const char *const others[] = {
        "use_dora",          "use_qalora",      "use_bdlora",
        "modules_to_save",   "alpha_pattern",   "layer_replication",
        "target_parameters", "lora_bias",       "trainable_token_indices",
        "arrow_config",      "kasa_config",     "alora_invocation_tokens",
        "monteclora_config", "megatron_config", "layers_pattern",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!nn_lora_is_empty(base_json_get(config, others[i])))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: %s is set, expected plain LoRA or rsLoRA without it", path,
                             others[i]);
    return true;
}

/* One of these texts; where `flag`, also true or false, which is left alone. */
static bool check_text(const cJSON *config, const char *key, const char *const *known, bool flag,
                       const char *path, base_error *error) {
    const cJSON *item = base_json_get(config, key);
    const char *text = cJSON_GetStringValue(item);
    char shown[80];
    if (!item || cJSON_IsNull(item) || (flag && cJSON_IsBool(item)))
        return true;
    for (; text && *known; known++)
        if (!strcmp(text, *known))
            return true;
    if (!text)
        return base_fail(error, BASE_BAD_INPUT, "%s: %s is no string, expected \"%s\"", path, key,
                         known[0]);
    return base_fail(error, BASE_BAD_INPUT, "%s: %s is \"%s\", expected \"%s\"", path, key,
                     base_escape(shown, sizeof shown, text, strlen(text)), known[-1]);
}

/* Ways of drawing the first A and B that leave the weights as they were; with others (PiSSA,
 * LoftQ, ...) the adapter is one of changed weights. */
static const char *const drawn[] = {"eva", "orthogonal", "gaussian", NULL};
static const char *const lora[] = {"LORA", NULL};
static const char *const no_bias[] = {"none", NULL};

static bool read_settings(nn_lora *l, const cJSON *config, const char *path, base_error *error) {
    l->rank = 8; /* peft's defaults */
    l->alpha = 8;
    if (!cJSON_IsString(base_json_get(config, "peft_type")))
        return base_fail(error, BASE_BAD_INPUT, "%s: peft_type is missing, expected \"LORA\"",
                         path);
    return check_text(config, "peft_type", lora, false, path, error) &&
           refuse_others(config, path, error) &&
           check_text(config, "init_lora_weights", drawn, true, path, error) &&
           check_text(config, "bias", no_bias, false, path, error) &&
           nn_lora_check_layers(config, path, error) &&
           base_json_size(config, "r", 1, NN_LORA_MOST_RANK, &l->rank, path, error) &&
           base_json_real(config, "lora_alpha", 0, 1e9, &l->alpha, path, error) &&
           base_json_real(config, "lora_dropout", 0, 0.999999, &l->dropout, path, error) &&
           base_json_bool(config, "use_rslora", &l->rslora, path, error);
}

typedef struct reading {
    nn_lora *lora;
    nn_encoder *encoder;
    const cJSON *config;
    const char *config_path, *path; /* path: of the tensors */
    nn_shards file;
} reading;

static const nn_tensor_info *find_a(const reading *r, const char *prefix, const char *layer) {
    char *name = base_format("%s%s.lora_A.weight", prefix, layer);
    const nn_tensor_info *found = name ? nn_shards_find(&r->file, name) : NULL;
    free(name);
    return found;
}

/* Takes the layer's name. Behind `prefix` it is what peft calls the layer. */
static bool add_layer(reading *r, const char *prefix, size_t view, char *layer, base_error *error) {
    size_t rank;
    char *name = base_format("%s%s", prefix + sizeof written_prefix - 1, layer);
    bool ok =
        name ? nn_lora_names_layer(r->config, name, r->config_path, r->path, error) &&
                   nn_lora_rank_of(r->config, name, r->lora->rank, r->config_path, &rank, error)
             : base_fail(error, BASE_FAILED, "out of memory");
    free(name);
    if (ok)
        return nn_lora_add(r->lora, r->encoder->params, view, layer, rank, r->path, error);
    free(layer);
    return false;
}

/* Declares the adapters that the file has under this prefix. */
static bool add_under(reading *r, const char *prefix, base_error *error) {
    nn_params *encoder = r->encoder->params;
    for (size_t i = 0; i < nn_params_views(encoder); i++) {
        if (!nn_lora_is_layer(encoder, i))
            continue;
        char *layer = nn_lora_layer(encoder, i, error);
        const nn_tensor_info *a = layer ? find_a(r, prefix, layer) : NULL;
        if (a && !add_layer(r, prefix, i, layer, error))
            return false;
        if (!layer)
            return false;
        if (!a)
            free(layer);
    }
    return true;
}

/* The pooler's adapter takes no part, as the pooler itself. */
static bool is_pooler(const reading *r, const char *name) {
    const char *pooler = r->encoder->def->pooler;
    return pooler && strstr(name, pooler) && strstr(name, ".lora_");
}

static bool refuse_rest(const reading *r, const char *prefix, base_error *error) {
    char shown[200];
    size_t skip = strlen(prefix);
    for (size_t i = 0; i < r->file.count; i++) {
        const char *name = r->file.tensor[i]->name;
        bool ours = !strncmp(name, prefix, skip) &&
                    (nn_params_find(r->lora->params, name + skip) != SIZE_MAX);
        if (!ours && !is_pooler(r, name))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: tensor %s is no adapter of a linear layer that the base model's "
                             "encoder, of type %s, has",
                             r->path, base_escape(shown, sizeof shown, name, strlen(name)),
                             r->encoder->def->model_type);
    }
    return r->lora->count || base_fail(error, BASE_BAD_INPUT, "%s: found no adapters", r->path);
}

/* peft names a layer as the class has it that was adapted: the bare encoder, or the encoder in a
 * model with a head. */
static bool read_tensors(reading *r, bool data, base_error *error) {
    const char *const *more = r->encoder->def->prefixes;
    char *prefix = base_format("%s", written_prefix);
    bool ok = prefix && add_under(r, prefix, error);
    for (; ok && !r->lora->count && more && *more; more++) {
        free(prefix);
        prefix = base_format("%s%s", written_prefix, *more);
        ok = prefix && add_under(r, prefix, error);
    }
    const char *const prefixes[] = {prefix, NULL};
    nn_weights_source source = {
        .path = r->path, .scope = "", .prefixes = prefixes, .dtype = &r->lora->dtype, .data = data};
    ok = ok && refuse_rest(r, prefix, error) && nn_params_allocate(r->lora->params, error) &&
         nn_weights_read(r->lora->params, &source, error);
    free(prefix);
    return ok || (base_ok(error) && base_fail(error, BASE_FAILED, "out of memory"));
}

nn_lora *nn_lora_read(nn_encoder *e, const char *folder, bool data, base_error *error) {
    char *path = base_path(folder, config_name, error),
         *tensors = base_path(folder, weights_name, error);
    cJSON *config = path && tensors ? read_config(path, error) : NULL;
    reading r = {.lora = config ? nn_lora_empty(error) : NULL,
                 .encoder = e,
                 .config = config,
                 .config_path = path,
                 .path = tensors};
    bool ok = r.lora && read_settings(r.lora, config, path, error) &&
              nn_shards_open(&r.file, tensors, error) && read_tensors(&r, data, error);
    nn_shards_close(&r.file);
    cJSON_Delete(config);
    free(path);
    free(tensors);
    if (ok) {
        e->transformer.lora = r.lora;
        return r.lora;
    }
    nn_lora_free(r.lora);
    return NULL;
}

/* ---- writing ---- */

static size_t rank_of(const nn_lora *l, size_t adapter) {
    return nn_params_at(l->params, l->adapter[adapter].a)->rows;
}

/* Layers are called by their whole names, so that nothing else is meant: no pooler. */
static void put_config(base_json_writer *w, const void *context) {
    const nn_lora *l = context;
    base_json_open(w, NULL, '{');
    base_json_put_string(w, "peft_type", "LORA");
    base_json_put_string(w, "task_type", "FEATURE_EXTRACTION");
    base_json_put_string(w, "base_model_name_or_path", l->base ? l->base : "");
    base_json_put_size(w, "r", l->rank);
    base_json_put_number(w, "lora_alpha", l->alpha, 0);
    base_json_put_number(w, "lora_dropout", l->dropout, 0);
    base_json_put_bool(w, "use_rslora", l->rslora);
    base_json_open(w, "target_modules", '[');
    for (size_t i = 0; i < l->count; i++)
        base_json_put_string(w, NULL, l->adapter[i].name);
    base_json_close(w, ']');
    base_json_open(w, "rank_pattern", '{');
    for (size_t i = 0; i < l->count; i++)
        if (rank_of(l, i) != l->rank)
            base_json_put_size(w, l->adapter[i].name, rank_of(l, i));
    base_json_close(w, '}');
    base_json_put_string(w, "bias", "none");
    base_json_put_bool(w, "fan_in_fan_out", false);
    base_json_put_bool(w, "init_lora_weights", true);
    base_json_put_bool(w, "inference_mode", true);
    base_json_close(w, '}');
}

bool nn_lora_write(const nn_lora *l, const char *folder, const nn_dtype *dtype, base_error *error) {
    const nn_extra names = {.prefix = written_prefix};
    char *path = base_path(folder, weights_name, error);
    bool ok = path && nn_weights_write(l->params, "", NULL, &names, dtype, path, error) &&
              base_json_write_by(folder, config_name, put_config, l, error);
    free(path);
    return ok;
}
