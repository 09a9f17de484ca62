/* Encoders: packed token ids to one vector a token. One file an architecture, one line in
 * encoders.def. */
#ifndef NN_ENCODER_H
#define NN_ENCODER_H

#include "autograd/tape.h"
#include "nn/activation.h"
#include "nn/params.h"

#include <cjson/cJSON.h>

enum { NN_MAX_LAYERS = 256 };

/* The sizes of config.json, checked (1 <= all, hidden % heads == 0, products do not overflow). */
typedef struct nn_encoder_config {
    size_t hidden, layers, heads, intermediate;
    size_t vocab, positions, types;
    double norm_epsilon, hidden_dropout, attention_dropout, init_range;
    const nn_activation *activation; /* of the feed-forward layers */
} nn_encoder_config;

typedef struct nn_encoder nn_encoder;

typedef struct nn_encoder_def {
    const char *model_type;      /* config.json's "model_type" */
    const char *const *prefixes; /* that its tensor names may carry in files, NULL-terminated */
    /* Fills the encoder's config from config.json (`where` names it in messages). */
    bool (*configure)(nn_encoder *e, const cJSON *config, const char *where, base_error *error);
    /* Declares tensors and views. */
    bool (*declare)(nn_encoder *e, base_error *error);
    /* One forward over all texts: the last hidden states [T,H]. `layers`, when not NULL, receives
     * the embedding output and each layer's output (config.layers + 1 nodes). */
    tape_node *(*forward)(const nn_encoder *e, tape *t, const tape_layout *layout,
                          tape_node **layers);
} nn_encoder_def;

struct nn_encoder {
    const nn_encoder_def *def;
    nn_encoder_config config;
    nn_params *params;
    size_t *index; /* of tensors, in an order that only the architecture's file knows: */
    size_t embedding_tensors, layer_tensors; /* the embeddings' first, then each layer's */
};

/* An encoder as config.json says: tensors declared and allocated, not filled. Free with
 * nn_encoder_free. */
nn_encoder *nn_encoder_new(const cJSON *config, const char *where, base_error *error);
void nn_encoder_free(nn_encoder *e);

/* Freezes the embeddings and/or the first `layers` layers (before nn_params_train). */
bool nn_encoder_freeze(nn_encoder *e, bool embeddings, size_t layers, base_error *error);

/* Address space a tape needs for one pass over `tokens` tokens in `texts` texts, none longer than
 * max_length, pooling included: with record true for training, forward and backward. Generous: it
 * is reserved, not touched. False on overflow. A whole model's is nn_model_tape_bytes. */
bool nn_encoder_tape_bytes(const nn_encoder *e, size_t tokens, size_t texts, size_t max_length,
                           bool record, size_t *bytes);

#endif
