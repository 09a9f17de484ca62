/* RoBERTa (Liu et al. 2019, "RoBERTa: A Robustly Optimized BERT Pretraining Approach") and XLM-R
 * (Conneau et al. 2020, "Unsupervised Cross-lingual Representation Learning at Scale"): BERT whose
 * positions begin behind the padding token's id. */
#include "nn/encoder_bert.h"

#include "nn/classifier.h"
#include "nn/decoder.h"

#include "base/json.h"

/* Hugging Face's defaults where they differ from BERT's. */
static bool configure(nn_encoder *e, const cJSON *config, const char *where, base_error *error) {
    nn_transformer_spec *s = &e->transformer.spec;
    size_t pad = 1;
    *s = nn_bert_defaults;
    s->vocab = 50265;
    return nn_transformer_read(s, &nn_bert_keys, config, where, error) &&
           base_json_size(config, "pad_token_id", 0, s->vocab - 1, &pad, where, error) &&
           nn_encoder_positions_from(e, pad + 1, where, error) &&
           nn_encoder_is_plain(config, where, error);
}

static const char *const prefixes[] = {"roberta.", NULL};

#define CLASSIFIER(class)                                                                          \
    {                                                                                              \
        .architecture = class, .dense = "classifier.dense", .out = "classifier.out_proj",          \
        .activation = NN_TANH, .dropout_first = true, .dropout_key = "classifier_dropout",         \
        .dropout = -1,                                                                             \
    }
static const nn_classifier_def classifier = CLASSIFIER("RobertaForSequenceClassification");
static const nn_classifier_def xlm_classifier = CLASSIFIER("XLMRobertaForSequenceClassification");

static const nn_decoder_def decoder = {
    .dense = "lm_head.dense", .norm = "lm_head.layer_norm", .bias = "lm_head.bias", .gelu = true};

const nn_encoder_def nn_encoder_roberta_def = {.model_type = "roberta",
                                               .architecture = "RobertaModel",
                                               .prefixes = prefixes,
                                               .layers_key = "num_hidden_layers",
                                               .classifier = &classifier,
                                               .decoder = &decoder,
                                               .pooler = "pooler.dense",
                                               .configure = configure};

const nn_encoder_def nn_encoder_xlm_roberta_def = {.model_type = "xlm-roberta",
                                                   .architecture = "XLMRobertaModel",
                                                   .prefixes = prefixes,
                                                   .layers_key = "num_hidden_layers",
                                                   .classifier = &xlm_classifier,
                                                   .decoder = &decoder,
                                                   .pooler = "pooler.dense",
                                                   .configure = configure};
