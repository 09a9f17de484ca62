/* BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers"): a post-norm
 * Transformer over word, position and token type embeddings. */
#include "nn/encoder.h"

#include "base/json.h"
#include "base/memory.h"

#include <string.h>

static const nn_layer_names names = {
    .stack = "encoder.layer",
    .part = {[NN_QKV] = "attention.self.qkv",
             [NN_ATTENTION_OUTPUT] = "attention.output.dense",
             [NN_ATTENTION_NORM] = "attention.output.LayerNorm",
             [NN_UP] = "intermediate.dense",
             [NN_DOWN] = "output.dense",
             [NN_OUTPUT_NORM] = "output.LayerNorm"},
    .query = "attention.self.query",
    .key = "attention.self.key",
    .value = "attention.self.value",
};

static const nn_transformer_keys keys = {
    .hidden = "hidden_size",
    .layers = "num_hidden_layers",
    .heads = "num_attention_heads",
    .intermediate = "intermediate_size",
    .vocab = "vocab_size",
    .positions = "max_position_embeddings",
    .types = "type_vocab_size",
    .norm_epsilon = "layer_norm_eps",
    .hidden_dropout = "hidden_dropout_prob",
    .attention_dropout = "attention_probs_dropout_prob",
    .init_range = "initializer_range",
    .activation = "hidden_act",
};

/* Hugging Face's defaults. */
static const nn_transformer_spec defaults = {
    .hidden = 768,
    .layers = 12,
    .heads = 12,
    .intermediate = 3072,
    .vocab = 30522,
    .positions = 512,
    .types = 2,
    .norm_epsilon = 1e-12,
    .hidden_dropout = 0.1,
    .attention_dropout = 0.1,
    .init_range = 0.02,
    .activation = NN_GELU,
    .names = &names,
};

static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    const char *positions = "absolute";
    char shown[80];
    bool decoder = false;
    e->transformer.spec = defaults;
    if (!nn_transformer_read(&e->transformer.spec, &keys, config, where, error) ||
        !base_json_text(config, "position_embedding_type", &positions, where, error) ||
        !base_json_bool(config, "is_decoder", &decoder, where, error))
        return false;
    if (strcmp(positions, "absolute") != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: position_embedding_type is \"%s\", expected \"absolute\"", where,
                         base_escape(shown, sizeof shown, positions, strlen(positions)));
    if (decoder)
        return base_fail(error, BASE_BAD_INPUT, "%s: is_decoder is true, expected an encoder",
                         where);
    e->max_length = e->transformer.spec.positions;
    return true;
}

static const char *const prefixes[] = {"bert.", NULL};

const nn_encoder_def nn_encoder_bert_def = {.model_type = "bert",
                                            .architecture = "BertModel",
                                            .prefixes = prefixes,
                                            .pooler = "pooler.dense",
                                            .configure = configure};
