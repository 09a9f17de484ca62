/* The Transformer (Vaswani et al. 2017) that encoders share: embeddings, then layers of
 * self-attention and a feed-forward network, each with a residual and a LayerNorm after it (as
 * published, BERT) or before it (pre-norm; Xiong et al. 2020).
 *
 * An architecture is a spec: sizes and choices read from config.json, and the names that files give
 * the tensors. The set of parameters belongs to the caller. */
#ifndef NN_TRANSFORMER_H
#define NN_TRANSFORMER_H

#include "autograd/tape.h"
#include "nn/activation.h"
#include "nn/params.h"

#include <cjson/cJSON.h>

enum { NN_MAX_LAYERS = 256 };

/* Parts of a layer that have parameters, each a weight and a bias. */
typedef enum nn_layer_part {
    NN_QKV, /* query, key and value side by side: [3H,H], one product */
    NN_ATTENTION_OUTPUT,
    NN_ATTENTION_NORM,
    NN_UP, /* feed-forward, H to I */
    NN_DOWN,
    NN_OUTPUT_NORM,
    NN_LAYER_PARTS
} nn_layer_part;

/* Names in files: tensors of layer 3 are "STACK.3.PART.weight" and "STACK.3.PART.bias". */
typedef struct nn_layer_names {
    const char *prefix; /* of all names; NULL: none */
    const char *stack;
    const char *part[NN_LAYER_PARTS]; /* NN_QKV: ours alone, seeds its initial values */
    const char *query, *key, *value;  /* thirds of NN_QKV; NULL: files have it whole */
    const char *words, *norm;         /* of the embeddings; NULL: "embeddings.word_embeddings" and
                                       * "embeddings.LayerNorm" */
} nn_layer_names;

typedef struct nn_transformer_spec {
    size_t hidden, layers, heads, intermediate;
    /* Rows of the tables that are added; 0: no such table. A text's first token has the position
     * first_position (RoBERTa counts from pad + 1). */
    size_t vocab, positions, first_position, types;
    size_t relative_bias;        /* rows of a table that biases attention scores (MPNet); 0: none */
    size_t groups, group_layers; /* that the layers share (ALBERT) */
    size_t embedding; /* columns of the tables; 0: hidden. Others need a layer between (ALBERT) */
    double norm_epsilon, hidden_dropout, attention_dropout, init_range;
    /* ModernBERT: rotary positions of layers that see all of a text and of local ones, which see
     * keys up to `window` away; theta 0: no rotary positions. */
    double theta, local_theta;
    size_t window;
    bool local[NN_MAX_LAYERS];
    bool no_norm; /* of the embeddings */
    bool pre_norm;
    bool bare_first; /* the first layer has no NN_ATTENTION_NORM */
    bool no_biases;  /* of linear layers and norms */
    bool gated;      /* NN_UP gives 2I columns: down(dropout(activation(left half) * right half)) */
    bool plain_attention_output; /* no dropout after NN_ATTENTION_OUTPUT (DistilBERT) */
    bool plain_output;           /* nor after NN_DOWN (ALBERT) */
    nn_activation activation;    /* of the feed-forward network */
    const nn_layer_names *names;
} nn_transformer_spec;

/* Where config.json says what; NULL: it does not, and the spec's value stands. */
typedef struct nn_transformer_keys {
    const char *hidden, *layers, *heads, *intermediate, *vocab, *positions, *types;
    const char *norm_epsilon, *hidden_dropout, *attention_dropout, *init_range, *activation;
} nn_transformer_keys;

/* Fills *spec from config.json (`where` names it in messages); a key that is absent leaves the
 * spec's value, the architecture's default. Checks ranges, and that hidden is a multiple of heads.
 */
bool nn_transformer_read(nn_transformer_spec *spec, const nn_transformer_keys *keys,
                         const cJSON *config, const char *where, base_error *error);

/* Tensors of the set; SIZE_MAX: absent. */
typedef struct nn_linear {
    size_t weight, bias;
} nn_linear;

typedef struct nn_layer {
    nn_linear part[NN_LAYER_PARTS];
} nn_layer;

typedef struct nn_transformer {
    nn_transformer_spec spec;
    nn_params *params; /* not owned */
    size_t words, positions, types;
    nn_linear norm;             /* of the embeddings */
    size_t embedding_tensors;   /* the set's first ones, up to the first layer's */
    nn_layer *layer;            /* [spec.layers]; layers that share weights name the same tensors */
    const struct nn_lora *lora; /* adapters of its linear layers (nn/lora.h); NULL: none */
    bool recompute; /* keep of a layer no more than its output, and compute it again for backward */
} nn_transformer;

/* Declares tensors and their views for m->spec in `params`: embeddings, then layer by layer. Free
 * with nn_transformer_free, also after an error. */
bool nn_transformer_declare(nn_transformer *m, nn_params *params, base_error *error);

/* Its two steps, for an architecture that shares layers: the embeddings alone, and one layer, whose
 * tensors are NAME.PART.weight and so on. Layers that are not declared are to be set by the caller.
 */
bool nn_transformer_declare_embeddings(nn_transformer *m, nn_params *params, base_error *error);
bool nn_transformer_declare_layer(nn_transformer *m, size_t layer, const char *name,
                                  base_error *error);
void nn_transformer_free(nn_transformer *m);

/* One forward pass: what every layer of it reads. */
typedef struct nn_pass {
    const nn_transformer *model;
    tape *tape;
    const tape_layout *layout;
    tape_node *bias; /* of the attention scores (op_attention), or NULL */
    /* Of a decoder's (nn/decoder.h): attention sees no later token, and behind it stands attention
     * to the text's row of `sentences` [S,H]. */
    const struct nn_decoder *decoder;
    tape_node *sentences;
} nn_pass;

/* dropout(LayerNorm(words + positions + types)), [T,H] or [T,embedding]. */
tape_node *nn_transformer_embed(const nn_pass *p);

/* Linear layer over x; every one of an encoder comes by here, so that it can have adapters. `place`
 * tells those of a pass apart: layers take 0 to NN_LAYER_PARTS * spec.layers - 1. */
tape_node *nn_transformer_linear(const nn_pass *p, tape_node *x, const nn_linear *l,
                                 uint32_t place);

/* LayerNorm of x [T,H] by itself. */
tape_node *nn_transformer_norm(const nn_pass *p, tape_node *x, const nn_linear *l);

/* One layer over x [T,H], which is not released. */
tape_node *nn_transformer_layer(const nn_pass *p, size_t layer, tape_node *x);

/* All layers over x [T,H]: the last hidden states [T,H]. `outputs`, when not NULL, receives x and
 * each layer's output, spec.layers + 1 nodes; without it they are released. Milestone i + 1 of the
 * tape lies before layer i. */
tape_node *nn_transformer_layers(const nn_pass *p, tape_node *x, tape_node **outputs);

/* How many layers lie above a tensor of the set: all of them above the embeddings; 0 for what comes
 * behind the last layer. Layers that share a tensor count as the last of them. */
size_t nn_transformer_layers_above(const nn_transformer *m, size_t param);

/* Tensors of the set that this layer reads and none below it, *count from the returned one on: when
 * backward has come to the layer's milestone, nothing is added to their gradients any more. */
size_t nn_transformer_layer_tensors(const nn_transformer *m, size_t layer, size_t *count);

/* Freezes the embeddings and/or the first `layers` layers (before nn_params_train). */
void nn_transformer_freeze(nn_transformer *m, bool embeddings, size_t layers);

/* Address space of a tape, scratch aside, for one forward pass over `tokens` tokens; with record
 * true also for backward. False on overflow. */
bool nn_transformer_tape_bytes(const nn_transformer *m, size_t tokens, bool record, size_t *bytes);

#endif
