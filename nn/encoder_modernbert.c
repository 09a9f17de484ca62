/* ModernBERT (Warner et al. 2024, "Smarter, Better, Faster, Longer"): a pre-norm Transformer with
 * rotary positions, a gated feed-forward network (Shazeer 2020, "GLU Variants Improve Transformer")
 * and no biases, in which most layers see only what is near. */
#include "nn/encoder.h"

#include "nn/classifier.h"

#include "base/json.h"
#include "base/memory.h"

#include <stdint.h>
#include <string.h>

static const char final_norm[] = "final_norm.weight";

static const nn_layer_names names = {
    .stack = "layers",
    .part = {[NN_QKV] = "attn.Wqkv",
             [NN_ATTENTION_OUTPUT] = "attn.Wo",
             [NN_ATTENTION_NORM] = "attn_norm",
             [NN_UP] = "mlp.Wi",
             [NN_DOWN] = "mlp.Wo",
             [NN_OUTPUT_NORM] = "mlp_norm"},
    .words = "embeddings.tok_embeddings",
    .norm = "embeddings.norm",
};

static const nn_transformer_keys keys = {
    .hidden = "hidden_size",
    .layers = "num_hidden_layers",
    .heads = "num_attention_heads",
    .intermediate = "intermediate_size",
    .vocab = "vocab_size",
    .norm_epsilon = "norm_eps",
    .hidden_dropout = "embedding_dropout",
    .attention_dropout = "attention_dropout",
    .init_range = "initializer_range",
    .activation = "hidden_activation",
};

/* Hugging Face's defaults. */
static const nn_transformer_spec defaults = {
    .hidden = 768,
    .layers = 22,
    .heads = 12,
    .intermediate = 1152,
    .vocab = 50368,
    .norm_epsilon = 1e-5,
    .init_range = 0.02,
    .theta = 160000,
    .local_theta = 10000,
    .pre_norm = true,
    .bare_first = true,
    .no_biases = true,
    .gated = true,
    .plain_output = true,
    .activation = NN_GELU,
    .names = &names,
};

static bool read_type(const char *type, bool *local) {
    *local = !strcmp(type, "sliding_attention");
    return *local || !strcmp(type, "full_attention");
}

/* layer_types, else by global_attn_every_n_layers. */
static bool read_layer_types(nn_transformer_spec *s, const cJSON *config, const char *where,
                             base_error *error) {
    const cJSON *types = base_json_get(config, "layer_types");
    size_t every = 3;
    if (!types || cJSON_IsNull(types)) {
        bool ok = base_json_size(config, "global_attn_every_n_layers", 1, NN_MAX_LAYERS, &every,
                                 where, error);
        for (size_t i = 0; i < s->layers; i++)
            s->local[i] = i % every != 0;
        return ok;
    }
    const cJSON *item = cJSON_IsArray(types) ? types->child : NULL;
    size_t i = 0;
    for (; item && i < s->layers; item = item->next, i++)
        if (!cJSON_IsString(item) || !read_type(item->valuestring, &s->local[i]))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: layer_types[%zu] is not \"full_attention\" or "
                             "\"sliding_attention\"",
                             where, i);
    return (i == s->layers && !item) ||
           base_fail(error, BASE_BAD_INPUT, "%s: layer_types is no list of %zu, one a layer", where,
                     s->layers);
}

/* *out: the object under the key, NULL when it is missing or null. */
static bool read_object(const cJSON *tree, const char *key, const cJSON **out, const char *where,
                        base_error *error) {
    const cJSON *item = base_json_get(tree, key);
    *out = cJSON_IsObject(item) ? item : NULL;
    return !item || cJSON_IsNull(item) || *out ||
           base_fail(error, BASE_BAD_INPUT, "%s: %s is not an object", where, key);
}

/* rope_parameters[type], else `key` of older files; there null leaves *theta. */
static bool read_theta(const cJSON *config, const char *type, const char *key, double *theta,
                       const char *where, base_error *error) {
    const cJSON *all, *rope;
    const char *kind = "default";
    char shown[80];
    if (!read_object(config, "rope_parameters", &all, where, error) ||
        !read_object(all, type, &rope, where, error) ||
        !base_json_text(rope, "type", &kind, where, error) ||
        !base_json_text(rope, "rope_type", &kind, where, error))
        return false;
    if (strcmp(kind, "default") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: rope_parameters.%s.rope_type is \"%s\", expected \"default\"", where,
                         type, base_escape(shown, sizeof shown, kind, strlen(kind)));
    return base_json_real(config, key, 1, 1e12, theta, where, error) &&
           base_json_real(rope, "rope_theta", 1, 1e12, theta, where, error);
}

static bool read_rotary(nn_transformer_spec *s, const cJSON *config, const char *where,
                        base_error *error) {
    const cJSON *scaling = base_json_get(config, "rope_scaling");
    if (scaling && !cJSON_IsNull(scaling))
        return base_fail(error, BASE_BAD_INPUT, "%s: rope_scaling is set, expected null", where);
    if (s->hidden / s->heads % 2 != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: heads have %zu columns, expected an even number for rotary positions",
                         where, s->hidden / s->heads);
    if (!read_theta(config, "full_attention", "global_rope_theta", &s->theta, where, error))
        return false;
    if (cJSON_IsNull(base_json_get(config, "local_rope_theta"))) /* as transformers 4 has it */
        s->local_theta = s->theta;
    return read_theta(config, "sliding_attention", "local_rope_theta", &s->local_theta, where,
                      error);
}

static bool refuse_biases(const cJSON *config, const char *where, base_error *error) {
    static const char *const biases[] = {"attention_bias", "mlp_bias", "norm_bias"};
    for (size_t i = 0; i < sizeof biases / sizeof *biases; i++) {
        bool on = false;
        if (!base_json_bool(config, biases[i], &on, where, error))
            return false;
        if (on)
            return base_fail(error, BASE_BAD_INPUT, "%s: %s is true, expected false", where,
                             biases[i]);
    }
    return true;
}

/* One probability for the embeddings, the feed-forward network and attention's output, and
 * attention's own. */
static bool read_dropout(const nn_transformer_spec *s, const cJSON *config, const char *where,
                         base_error *error) {
    double mlp = s->hidden_dropout;
    if (!base_json_real(config, "mlp_dropout", 0, 1, &mlp, where, error))
        return false;
    bool equal = mlp >= s->hidden_dropout && mlp <= s->hidden_dropout &&
                 mlp >= s->attention_dropout && mlp <= s->attention_dropout;
    return equal || base_fail(error, BASE_BAD_INPUT,
                              "%s: embedding_dropout is %g, mlp_dropout %g and attention_dropout "
                              "%g, expected equal ones",
                              where, s->hidden_dropout, mlp, s->attention_dropout);
}

static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    enum { MOST = 1 << 26 };
    nn_transformer_spec *s = &e->transformer.spec;
    size_t seen = 128;
    *s = defaults;
    e->max_length = 8192;
    if (!nn_transformer_read(s, &keys, config, where, error) ||
        !base_json_size(config, "max_position_embeddings", 2, MOST, &e->max_length, where, error) ||
        !base_json_size(config, "local_attention", 2, MOST, &seen, where, error) ||
        !read_layer_types(s, config, where, error) || !read_rotary(s, config, where, error) ||
        !refuse_biases(config, where, error))
        return false;
    s->window = seen / 2;
    return read_dropout(s, config, where, error);
}

static bool declare(nn_encoder *e, base_error *error) {
    nn_param_spec norm = {
        .name = final_norm, .cols = e->transformer.spec.hidden, .init = NN_INIT_ONE};
    return nn_transformer_declare(&e->transformer, e->params, error) &&
           nn_params_add_whole(e->params, &norm, error) != SIZE_MAX;
}

static tape_node *forward(const nn_encoder *e, const nn_pass *pass, tape_node **outputs) {
    nn_linear norm = {nn_params_find(e->params, final_norm), SIZE_MAX};
    tape_node *x = nn_transformer_layers(pass, nn_transformer_embed(pass), outputs);
    tape_node *y = x ? nn_transformer_norm(pass, x, &norm) : NULL;
    tape_release(pass->tape, x);
    if (outputs)
        outputs[e->transformer.spec.layers] = y;
    return y;
}

static const char *const prefixes[] = {"model.", NULL};

static const nn_classifier_def classifier = {
    .architecture = "ModernBertForSequenceClassification",
    .dense = "head.dense",
    .out = "classifier",
    .activation = NN_GELU,
    .norm = "head.norm",
    .dropout_key = "classifier_dropout",
    .activation_key = "classifier_activation",
    .bias_key = "classifier_bias",
    .pooling_key = "classifier_pooling",
    .deep_init = true,
};

const nn_encoder_def nn_encoder_modernbert_def = {.model_type = "modernbert",
                                                  .architecture = "ModernBertModel",
                                                  .prefixes = prefixes,
                                                  .classifier = &classifier,
                                                  .configure = configure,
                                                  .declare = declare,
                                                  .forward = forward};
