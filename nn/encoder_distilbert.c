/* DistilBERT (Sanh et al. 2019, "DistilBERT, a distilled version of BERT"): BERT without token
 * types and pooler, half as deep. */
#include "nn/encoder.h"

#include "nn/classifier.h"

#include "base/json.h"

static const nn_layer_names names = {
    .stack = "transformer.layer",
    .part = {[NN_QKV] = "attention.qkv_lin",
             [NN_ATTENTION_OUTPUT] = "attention.out_lin",
             [NN_ATTENTION_NORM] = "sa_layer_norm",
             [NN_UP] = "ffn.lin1",
             [NN_DOWN] = "ffn.lin2",
             [NN_OUTPUT_NORM] = "output_layer_norm"},
    .query = "attention.q_lin",
    .key = "attention.k_lin",
    .value = "attention.v_lin",
};

static const nn_transformer_keys keys = {
    .hidden = "dim",
    .layers = "n_layers",
    .heads = "n_heads",
    .intermediate = "hidden_dim",
    .vocab = "vocab_size",
    .positions = "max_position_embeddings",
    .hidden_dropout = "dropout",
    .attention_dropout = "attention_dropout",
    .init_range = "initializer_range",
    .activation = "activation",
};

/* Hugging Face's defaults; the epsilon is fixed in its code. */
static const nn_transformer_spec defaults = {
    .hidden = 768,
    .layers = 6,
    .heads = 12,
    .intermediate = 3072,
    .vocab = 30522,
    .positions = 512,
    .norm_epsilon = 1e-12,
    .hidden_dropout = 0.1,
    .attention_dropout = 0.1,
    .init_range = 0.02,
    .plain_attention_output = true,
    .activation = NN_GELU,
    .names = &names,
};

/* Sinusoidal positions lie in the files like trained ones, but must stay as they are. */
static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    bool sinusoidal = false;
    e->transformer.spec = defaults;
    if (!nn_transformer_read(&e->transformer.spec, &keys, config, where, error) ||
        !base_json_bool(config, "sinusoidal_pos_embds", &sinusoidal, where, error))
        return false;
    if (sinusoidal)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: sinusoidal_pos_embds is true, expected false: trained positions",
                         where);
    e->max_length = e->transformer.spec.positions;
    return true;
}

static const char *const prefixes[] = {"distilbert.", NULL};

static const nn_classifier_def classifier = {
    .architecture = "DistilBertForSequenceClassification",
    .dense = "pre_classifier",
    .out = "classifier",
    .activation = NN_RELU,
    .dropout_key = "seq_classif_dropout",
    .dropout = 0.2,
};

const nn_encoder_def nn_encoder_distilbert_def = {.model_type = "distilbert",
                                                  .architecture = "DistilBertModel",
                                                  .prefixes = prefixes,
                                                  .layers_key = "n_layers",
                                                  .classifier = &classifier,
                                                  .configure = configure};
