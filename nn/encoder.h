/* Encoders: packed token ids to one vector a token. One file an architecture, one line in
 * encoders.def. */
#ifndef NN_ENCODER_H
#define NN_ENCODER_H

#include "nn/transformer.h"

typedef struct nn_encoder nn_encoder;

enum { NN_NO_POSITIONS = 1 << 20 }; /* max_length of an encoder that has none */

typedef struct nn_encoder_def {
    const char *model_type;      /* config.json's "model_type" */
    const char *architecture;    /* Hugging Face's class of the bare encoder: "BertModel" */
    const char *const *prefixes; /* that its tensor names may carry in files, NULL-terminated */
    /* A linear layer [H,H] that its files have and sentence embeddings do not use: "pooler.dense";
     * NULL: none. Its tensors are kept as read, and made for a model from scratch. */
    const char *pooler;
    const char *layers_key; /* of config.json, for models that keep some of the layers; NULL: the
                             * layers are not alike, all are kept */
    const struct nn_classifier_def *classifier; /* nn/classifier.h; NULL: no cross-encoder */
    const struct nn_decoder_def *decoder;       /* nn/decoder.h; NULL: the family has none */
    /* First modules that are no Transformer. */
    const char *module;      /* sentence-transformers' class; NULL: "Transformer" */
    const char *config_file; /* of the module, when it has one; a Transformer's is config.json */
    const char *table; /* tensor whose shape is vocab_size and hidden_size, which no file says */
    bool bare;         /* no special tokens stand around a text */
    bool gives_texts;  /* a row a text, so that no Pooling module follows */
    /* Fills the encoder's spec and max_length from config.json (`where` names it in messages). */
    bool (*configure)(nn_encoder *e, const cJSON *config, const char *where, base_error *error);
    /* Declares the tensors; NULL: nn_transformer_declare does. */
    bool (*declare)(nn_encoder *e, base_error *error);
    /* As nn_encoder_forward; NULL: nn_transformer_layers over nn_transformer_embed. */
    tape_node *(*forward)(const nn_encoder *e, const nn_pass *pass, tape_node **outputs);
} nn_encoder_def;

struct nn_encoder {
    const nn_encoder_def *def;
    size_t max_length; /* ids of the longest text that it takes, special ones included */
    bool trained;      /* false: frozen, as its config says */
    nn_params *params;
    nn_transformer transformer;
};

/* For configure: a text's positions begin at row `first` of the position table, so that as many
 * fewer can be used. False when fewer than two are left. */
bool nn_encoder_positions_from(nn_encoder *e, size_t first, const char *where, base_error *error);

/* For configure: false when config.json asks for positions other than absolute ones or for a
 * decoder. */
bool nn_encoder_is_plain(const cJSON *config, const char *where, base_error *error);

/* The encoder of sentence-transformers' class that is no Transformer; NULL when there is none. */
const nn_encoder_def *nn_encoder_find_module(const char *kind);

/* An encoder as config.json says: tensors declared and allocated, not filled. Free with
 * nn_encoder_free. */
nn_encoder *nn_encoder_new(const cJSON *config, const char *where, base_error *error);
void nn_encoder_free(nn_encoder *e);

/* *length becomes the max_length of the encoder that config.json describes, which is not made; of
 * an architecture that we lack its max_position_embeddings, at most *length. */
bool nn_encoder_max_length(const cJSON *config, const char *where, size_t *length,
                           base_error *error);

/* Columns of a token's vector. */
size_t nn_encoder_width(const nn_encoder *e);

/* One forward over all texts: the last hidden states [T,H], or a row a text [S,H]. `outputs`, when
 * not NULL, receives the embeddings and each layer's output, one more node than there are layers.
 */
tape_node *nn_encoder_forward(const nn_encoder *e, tape *t, const tape_layout *layout,
                              tape_node **outputs);

/* Freezes the embeddings and/or the first `layers` layers (before nn_params_train). */
bool nn_encoder_freeze(nn_encoder *e, bool embeddings, size_t layers, base_error *error);

/* Address space a tape needs, scratch aside, for one pass over `tokens` tokens in `texts` texts,
 * pooling included: with record true for training, forward and backward. Generous: it is reserved,
 * not touched. False on overflow. A whole model's is nn_model_tape_bytes. */
bool nn_encoder_tape_bytes(const nn_encoder *e, size_t tokens, size_t texts, bool record,
                           size_t *bytes);

#endif
