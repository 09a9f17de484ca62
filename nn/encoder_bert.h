/* BERT's tables, which its relatives share. */
#ifndef NN_ENCODER_BERT_H
#define NN_ENCODER_BERT_H

#include "nn/encoder.h"

/* Names of a layer's tensors, keys of config.json, and Hugging Face's defaults for them. */
extern const nn_layer_names nn_bert_names;
extern const nn_transformer_keys nn_bert_keys;
extern const nn_transformer_spec nn_bert_defaults;

#endif
