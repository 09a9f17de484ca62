/* A decoder that says a text from one vector of it: transformers' BertLMHeadModel (or its family's)
 * with is_decoder and add_cross_attention. Each layer is the encoder's (nn/transformer.h) with
 * causal self-attention, and behind that attention to the vector:
 *
 *     x = LayerNorm(x + dropout(W (value of the vector) + b))
 *
 * Of one key the weight is 1, so that its query and key change nothing and are left out. Logits
 * are words * LayerNorm(activation(W x + b)) + bias, `words` the table that the ids are looked up
 * in.
 *
 * Tied, embeddings and layers are the encoder's, so that both learn the same tensors; else all is
 * the decoder's own. Tensors have the names of the family's own files. */
#ifndef NN_DECODER_H
#define NN_DECODER_H

#include "nn/encoder.h"
#include "nn/weights.h"

/* Of a family. */
typedef struct nn_decoder_def {
    const char *dense, *norm, *bias; /* of the head: two with .weight and .bias, a vector */
    bool gelu;                       /* the head's activation; false: the encoder's own */
} nn_decoder_def;

/* Attention to the vector in one layer. */
typedef struct nn_cross {
    nn_linear value, output, norm;
} nn_cross;

typedef struct nn_decoder {
    const nn_encoder *encoder;  /* not owned */
    nn_params *params;          /* not owned: all tensors but those that are tied */
    nn_transformer transformer; /* tied: the encoder's */
    bool tied;
    nn_layer_names names;
    nn_cross *cross; /* [layers] */
    nn_linear dense, norm;
    size_t bias;
} nn_decoder;

/* Dropout keys from here on. */
enum { NN_DECODER_SITES = 1 << 22 };

/* Declares a decoder's tensors into `params`; the table of words, of which every row makes a logit,
 * gets a dense gradient (so before nn_params_train of the encoder). NULL, BASE_BAD_INPUT: the
 * family has none. Free with nn_decoder_free. */
nn_decoder *nn_decoder_new(const nn_encoder *encoder, bool tied, nn_params *params,
                           base_error *error);
void nn_decoder_free(nn_decoder *decoder);

/* First values of tensors that the encoder's file had beside the encoder (a masked language model's
 * head) or that the encoder has too; others stay as they are. */
bool nn_decoder_start(const nn_decoder *decoder, const nn_extra *extra, base_error *error);

/* Logits [T,V] of the token behind each of the layout's, of texts with the vectors `sentences`
 * [S,H]. */
tape_node *nn_decoder_forward(const nn_decoder *decoder, tape *t, const tape_layout *layout,
                              tape_node *sentences);

/* LayerNorm(x + attention of x [T,H] to the pass's sentences), of one layer. */
tape_node *nn_decoder_cross(const nn_pass *pass, size_t layer, tape_node *x);

/* Address space of a tape for training, cross-entropy of the logits with it. False on overflow. */
bool nn_decoder_tape_bytes(const nn_decoder *decoder, size_t tokens, size_t *bytes);

#endif
