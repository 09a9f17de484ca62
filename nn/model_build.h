/* Steps that loading a model and making one from scratch share. */
#ifndef NN_MODEL_BUILD_H
#define NN_MODEL_BUILD_H

#include "nn/model.h"
#include "nn/weights.h"

/* An empty model: no encoder, no tokenizer, no modules; empty set and extra. */
nn_model *nn_model_new(base_error *error);

/* The encoder by m->extra->config, with the options' dropout. `where` names the config. */
bool nn_model_build_encoder(nn_model *m, const nn_model_options *options, const char *where,
                            base_error *error);

/* One row of the word embeddings a vocabulary entry; `padded` allows more rows, which no text looks
 * up. `where` names the config. */
bool nn_model_check_vocab(const nn_model *m, bool padded, const char *where, base_error *error);

/* Appends a module; a Pooling one takes the options' mode, a Normalize one is left out when the
 * options say so. */
bool nn_model_add_module(nn_model *m, const char *kind, const cJSON *config,
                         const nn_model_options *options, const char *where, base_error *error);

/* Mean pooling where the encoder gives a row a token, else nothing. */
bool nn_model_add_mean(nn_model *m, const nn_model_options *options, const char *where,
                       base_error *error);

/* The classifier that m->extra->config asks for, in place of modules; the length is set. */
bool nn_model_add_classifier(nn_model *m, const nn_model_options *options, const char *where,
                             base_error *error);

/* After the last module: the options' Normalize, module parameters allocated. */
bool nn_model_finish(nn_model *m, const nn_model_options *options, base_error *error);

/* m->max_length from the options, else `length`. */
bool nn_model_set_length(nn_model *m, const nn_model_options *options, size_t length,
                         base_error *error);

#endif
