/* ALBERT (Lan et al. 2020, "ALBERT: A Lite BERT for Self-supervised Learning"): narrow embeddings
 * and a linear layer to the hidden size behind them; groups of layers are used again and again.
 * Gradients of a layer's tensors are the sum over its uses. */
#include "nn/encoder_bert.h"

#include "nn/classifier.h"

#include "autograd/ops/ops.h"
#include "base/json.h"

#include <stdint.h>
#include <stdio.h>

static const char mapping[] = "encoder.embedding_hidden_mapping_in.weight",
                  mapping_bias[] = "encoder.embedding_hidden_mapping_in.bias";

static const nn_layer_names names = {
    .part = {[NN_QKV] = "attention.qkv",
             [NN_ATTENTION_OUTPUT] = "attention.dense",
             [NN_ATTENTION_NORM] = "attention.LayerNorm",
             [NN_UP] = "ffn",
             [NN_DOWN] = "ffn_output",
             [NN_OUTPUT_NORM] = "full_layer_layer_norm"},
    .query = "attention.query",
    .key = "attention.key",
    .value = "attention.value",
};

/* Hugging Face's defaults. */
static const nn_transformer_spec defaults = {
    .hidden = 4096,
    .layers = 12,
    .heads = 64,
    .intermediate = 16384,
    .vocab = 30000,
    .positions = 512,
    .types = 2,
    .groups = 1,
    .group_layers = 1,
    .embedding = 128,
    .norm_epsilon = 1e-12,
    .init_range = 0.02,
    .plain_output = true,
    .activation = NN_GELU_TANH,
    .names = &names,
};

/* num_hidden_layers passes through one group of inner_group_num layers each. */
static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    enum { MOST_COLUMNS = 1 << 16 };
    nn_transformer_spec *s = &e->transformer.spec;
    *s = defaults;
    if (!nn_transformer_read(s, &nn_bert_keys, config, where, error) ||
        !base_json_size(config, "embedding_size", 1, MOST_COLUMNS, &s->embedding, where, error) ||
        !base_json_size(config, "num_hidden_groups", 1, s->layers, &s->groups, where, error) ||
        !base_json_size(config, "inner_group_num", 1, NN_MAX_LAYERS / s->layers, &s->group_layers,
                        where, error))
        return false;
    s->layers *= s->group_layers;
    e->max_length = s->positions;
    return nn_encoder_is_plain(config, where, error);
}

/* Behind the embeddings, and frozen with them. */
static bool declare_mapping(nn_encoder *e, base_error *error) {
    nn_transformer *m = &e->transformer;
    nn_param_spec weight = {.name = mapping,
                            .rows = m->spec.hidden,
                            .cols = m->spec.embedding,
                            .decay = true,
                            .linear = true,
                            .init = NN_INIT_NORMAL,
                            .scale = m->spec.init_range};
    nn_param_spec bias = {.name = mapping_bias, .cols = m->spec.hidden, .init = NN_INIT_ZERO};
    bool ok = nn_params_add_whole(e->params, &weight, error) != SIZE_MAX &&
              nn_params_add_whole(e->params, &bias, error) != SIZE_MAX;
    m->embedding_tensors = nn_params_count(e->params);
    return ok;
}

/* Of P passes and G groups pass p takes group p / (P / G), rounded as Python does. */
static bool declare(nn_encoder *e, base_error *error) {
    nn_transformer *m = &e->transformer;
    size_t inner = m->spec.group_layers, passes = m->spec.layers / inner, begun = 0;
    double passes_a_group = (double)passes / (double)m->spec.groups;
    if (!nn_transformer_declare_embeddings(m, e->params, error) || !declare_mapping(e, error))
        return false;
    for (size_t i = 0; i < m->spec.layers; i++) {
        size_t group = (size_t)((double)(i / inner) / passes_a_group);
        char name[80];
        snprintf(name, sizeof name, "encoder.albert_layer_groups.%zu.albert_layers.%zu", group,
                 i % inner);
        if (group * inner + i % inner < begun)
            m->layer[i] = m->layer[i - inner];
        else if (nn_transformer_declare_layer(m, i, name, error))
            begun++;
        else
            return false;
    }
    return true;
}

static tape_node *forward(const nn_encoder *e, const nn_pass *pass, tape_node **outputs) {
    nn_linear map = {nn_params_find(e->params, mapping), nn_params_find(e->params, mapping_bias)};
    uint32_t place = (uint32_t)(e->transformer.spec.layers * NN_LAYER_PARTS);
    tape_node *narrow = nn_transformer_embed(pass);
    tape_node *x = nn_transformer_linear(pass, narrow, &map, place);
    tape_release(pass->tape, narrow);
    return nn_transformer_layers(pass, x, outputs);
}

static const char *const prefixes[] = {"albert.", NULL};

static const nn_classifier_def classifier = {
    .architecture = "AlbertForSequenceClassification",
    .dense = "albert.pooler",
    .out = "classifier",
    .activation = NN_TANH,
    .dropout_key = "classifier_dropout_prob",
    .dropout = 0.1,
};

const nn_encoder_def nn_encoder_albert_def = {.model_type = "albert",
                                              .architecture = "AlbertModel",
                                              .prefixes = prefixes,
                                              .classifier = &classifier,
                                              .pooler = "pooler",
                                              .configure = configure,
                                              .declare = declare,
                                              .forward = forward};
