/* BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers"): a post-norm
 * Transformer over word, position and token type embeddings. */
#include "nn/encoder_bert.h"

#include "nn/classifier.h"
#include "nn/decoder.h"

const nn_layer_names nn_bert_names = {
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

const nn_transformer_keys nn_bert_keys = {
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
const nn_transformer_spec nn_bert_defaults = {
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
    .names = &nn_bert_names,
};

static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    e->transformer.spec = nn_bert_defaults;
    if (!nn_transformer_read(&e->transformer.spec, &nn_bert_keys, config, where, error))
        return false;
    e->max_length = e->transformer.spec.positions;
    return nn_encoder_is_plain(config, where, error);
}

static const char *const prefixes[] = {"bert.", NULL};

static const nn_classifier_def classifier = {
    .architecture = "BertForSequenceClassification",
    .dense = "bert.pooler.dense",
    .out = "classifier",
    .activation = NN_TANH,
    .dropout_key = "classifier_dropout",
    .dropout = -1,
};

static const nn_decoder_def decoder = {
    .dense = "cls.predictions.transform.dense",
    .norm = "cls.predictions.transform.LayerNorm",
    .bias = "cls.predictions.bias",
};

const nn_encoder_def nn_encoder_bert_def = {.model_type = "bert",
                                            .architecture = "BertModel",
                                            .prefixes = prefixes,
                                            .layers_key = "num_hidden_layers",
                                            .classifier = &classifier,
                                            .decoder = &decoder,
                                            .pooler = "pooler.dense",
                                            .configure = configure};
