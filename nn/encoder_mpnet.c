/* MPNet (Song et al. 2020, "MPNet: Masked and Permuted Pre-training for Language Understanding"):
 * BERT without token types, whose layers share a bias of the attention scores by relative position.
 * Positions begin at 2, behind a padding token that has the id 1 whatever config.json says. */
#include "nn/encoder_bert.h"

#include "nn/classifier.h"

#include "autograd/ops/ops.h"
#include "base/json.h"

#include <stdint.h>

enum { FIRST_POSITION = 2, BUCKETS = 32, MOST_BUCKETS = 1 << 16 };

static const char relative_bias[] = "encoder.relative_attention_bias.weight";

static const nn_layer_names names = {
    .stack = "encoder.layer",
    .part = {[NN_QKV] = "attention.attn.qkv",
             [NN_ATTENTION_OUTPUT] = "attention.attn.o",
             [NN_ATTENTION_NORM] = "attention.LayerNorm",
             [NN_UP] = "intermediate.dense",
             [NN_DOWN] = "output.dense",
             [NN_OUTPUT_NORM] = "output.LayerNorm"},
    .query = "attention.attn.q",
    .key = "attention.attn.k",
    .value = "attention.attn.v",
};

static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    nn_transformer_spec *s = &e->transformer.spec;
    nn_transformer_keys keys = nn_bert_keys;
    keys.types = NULL;
    *s = nn_bert_defaults;
    s->names = &names;
    s->vocab = 30527;
    s->types = 0;
    s->relative_bias = BUCKETS;
    return nn_transformer_read(s, &keys, config, where, error) &&
           base_json_size(config, "relative_attention_num_buckets", BUCKETS, MOST_BUCKETS,
                          &s->relative_bias, where, error) &&
           nn_encoder_positions_from(e, FIRST_POSITION, where, error);
}

/* Rows beyond the buckets that positions fall in are kept as they are. */
static bool declare(nn_encoder *e, base_error *error) {
    const nn_transformer_spec *s = &e->transformer.spec;
    nn_param_spec table = {.name = relative_bias,
                           .rows = s->relative_bias,
                           .cols = s->heads,
                           .init = NN_INIT_NORMAL,
                           .scale = s->init_range};
    return nn_transformer_declare(&e->transformer, e->params, error) &&
           nn_params_add_whole(e->params, &table, error) != SIZE_MAX;
}

static tape_node *forward(const nn_encoder *e, const nn_pass *pass, tape_node **outputs) {
    nn_pass biased = *pass;
    size_t table = nn_params_find(e->params, relative_bias);
    biased.bias = op_relative_bias(pass->tape, pass->layout,
                                   tape_leaf(pass->tape, nn_params_at(e->params, table)));
    tape_node *x = nn_transformer_layers(&biased, nn_transformer_embed(&biased), outputs);
    tape_release(pass->tape, biased.bias);
    return x;
}

static const char *const prefixes[] = {"mpnet.", NULL};

static const nn_classifier_def classifier = {
    .architecture = "MPNetForSequenceClassification",
    .dense = "classifier.dense",
    .out = "classifier.out_proj",
    .activation = NN_TANH,
    .dropout_first = true,
    .dropout = -1,
};

const nn_encoder_def nn_encoder_mpnet_def = {.model_type = "mpnet",
                                             .architecture = "MPNetModel",
                                             .prefixes = prefixes,
                                             .layers_key = "num_hidden_layers",
                                             .classifier = &classifier,
                                             .pooler = "pooler.dense",
                                             .configure = configure,
                                             .declare = declare,
                                             .forward = forward};
