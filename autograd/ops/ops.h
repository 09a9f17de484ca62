/* The operators. Each builder computes at once and returns the new node, NULL after an error. */
#ifndef AUTOGRAD_OPS_OPS_H
#define AUTOGRAD_OPS_OPS_H

#include "autograd/tape.h"

/* The largest pass that a tape is to hold. */
typedef struct op_bounds {
    size_t rows, cols; /* of a node with normalised or embedded rows, or of logits */
    size_t longest;    /* tokens of a text */
    size_t head_cols;  /* columns of an attention head; 0: no attention */
} op_bounds;

/* Scratch memory (tape_new) that every operator's call in such a pass has room in, with as many
 * threads as there are now. False: more than memory can hold. */
bool op_scratch_bytes(const op_bounds *bounds, size_t *bytes);

/* ---- encoder ---- */

/* y[T,O] = x[T,I] w[O,I]^T + b[1,O]; b may be NULL. */
tape_node *op_linear(tape *t, tape_node *x, tape_node *w, tape_node *b);

/* The same with up to OP_MAX_LOW_RANK parts (Hu et al. 2021, section 4.1), each on columns of y,
 * from `first` on: y[:, first ..] += scale z[T,I] a[r,I]^T c[P,r]^T. z is x, or its dropout. */
enum { OP_MAX_LOW_RANK = 4 };
typedef struct op_low_rank {
    tape_node *z, *a, *c;
    size_t first;
    double scale;
} op_low_rank;
tape_node *op_linear_adapted(tape *t, tape_node *x, tape_node *w, tape_node *b,
                             const op_low_rank *parts, size_t count);

/* y[T,H] = words[ids] + positions[position_offset + position in text] + types[type]; `positions`
 * and `types` may be NULL. The layout must outlive the pass. */
tape_node *op_embedding(tape *t, const tape_layout *layout, tape_node *words, tape_node *positions,
                        tape_node *types, size_t position_offset);

/* Multi-head self-attention within each text (Vaswani et al. 2017, section 3.2.1):
 * qkv[T,3H] holds query, key, value side by side, heads inside each; y[T,H] =
 * dropout(softmax(q k^T / sqrt(H / heads) + bias)) v. bias: NULL, or [heads, 2L-1] with L the
 * longest text's tokens: bias[h, L-1 + j-i] is added to the score of query i and key j (MPNet). */
typedef struct op_attention_options {
    size_t heads;
    double dropout; /* probability */
    uint32_t site;  /* in the model, a dropout key */
    size_t window;  /* keys farther from their query are not seen (ModernBERT); 0: all are */
    bool causal;    /* keys behind their query are not seen (decoders) */
} op_attention_options;
tape_node *op_attention(tape *t, const tape_layout *layout, tape_node *qkv, tape_node *bias,
                        const op_attention_options *options);

/* Multi-head attention of every token to one vector, its text's: the one weight is softmax of one
 * score, 1 whatever query and key are, so of x[S,H], the values, heads side by side, y[T,H] is
 * dropout(1) x_s for the tokens of text s, drawn for each token and head. */
tape_node *op_spread(tape *t, const tape_layout *layout, tape_node *x,
                     const op_attention_options *options);

/* Rotary positions (Su et al. 2021, "RoFormer", section 3.2) of qkv [T,3H], heads of d columns: of
 * queries and keys at position p columns k and k + d/2 of a head are turned by the angle
 * p theta^(-2k/d); values stay. d is even. */
tape_node *op_rotary(tape *t, const tape_layout *layout, tape_node *qkv, size_t heads,
                     double theta);

/* bias[heads, 2L-1] of the layout's longest text, L tokens, from table[buckets, heads] (Raffel et
 * al. 2020, section 2.1, as MPNet has it): bias[h, L-1 + d] = table[bucket(d), h] for a key d
 * tokens behind its query. Buckets: 0 to 15 for d <= 0, 16 to 31 for d > 0, in each the distances 0
 * to 7, then eight that grow evenly in the logarithm up to 128, the last for all from 91 on. The
 * table has at least 32 rows. */
tape_node *op_relative_bias(tape *t, const tape_layout *layout, tape_node *table);

/* y[T,H] = LayerNorm(residual + dropout(x)) by rows (Ba et al. 2016); residual may be NULL; gamma
 * and beta [1,H], beta may be NULL. x may have one row a text, [S,H]. */
typedef struct op_norm_options {
    double epsilon;
    double dropout;
    uint32_t site;
} op_norm_options;
tape_node *op_add_norm(tape *t, const tape_layout *layout, tape_node *x, tape_node *residual,
                       tape_node *gamma, tape_node *beta, const op_norm_options *options);

/* y = dropout(x) over rows, one a token or one a text. */
tape_node *op_dropout(tape *t, const tape_layout *layout, tape_node *x, double probability,
                      uint32_t site);

tape_node *op_gelu(tape *t, tape_node *x);      /* exact, with erf (Hendrycks & Gimpel 2016) */
tape_node *op_gelu_tanh(tape *t, tape_node *x); /* its tanh approximation ("gelu_new") */
tape_node *op_relu(tape *t, tape_node *x);
tape_node *op_silu(tape *t, tape_node *x); /* x / (1 + e^-x) (Hendrycks & Gimpel 2016) */
tape_node *op_tanh(tape *t, tape_node *x);

/* The other activations of torch.nn, with its default parameters. */
tape_node *op_sigmoid(tape *t, tape_node *x);
tape_node *op_leaky_relu(tape *t, tape_node *x);
tape_node *op_elu(tape *t, tape_node *x);
tape_node *op_selu(tape *t, tape_node *x);
tape_node *op_softplus(tape *t, tape_node *x);
tape_node *op_log_sigmoid(tape *t, tape_node *x);
tape_node *op_mish(tape *t, tape_node *x);
tape_node *op_softsign(tape *t, tape_node *x);
tape_node *op_tanhshrink(tape *t, tape_node *x);
tape_node *op_hardshrink(tape *t, tape_node *x);
tape_node *op_softshrink(tape *t, tape_node *x);
tape_node *op_relu6(tape *t, tape_node *x);
tape_node *op_hardtanh(tape *t, tape_node *x);
tape_node *op_hardsigmoid(tape *t, tape_node *x);
tape_node *op_hardswish(tape *t, tape_node *x);

/* Of each row: y = e^x / sum e^x, and its logarithm. */
tape_node *op_softmax(tape *t, tape_node *x);
tape_node *op_log_softmax(tape *t, tape_node *x);

/* ---- pooling: x[T,H] to y[S,H], without tokens that the layout skips; 0 for a text without tokens
 * ---- */
typedef enum op_pool_mode {
    OP_POOL_MEAN,
    OP_POOL_MAX,      /* ties: the gradient goes to the first of the largest */
    OP_POOL_CLS,      /* first token */
    OP_POOL_SQRT,     /* sum / sqrt(length) */
    OP_POOL_WEIGHTED, /* weights 1, 2, .., L (Muennighoff 2022, SGPT) */
    OP_POOL_LAST,
    OP_POOL_MODES
} op_pool_mode;
tape_node *op_pool(tape *t, const tape_layout *layout, tape_node *x, op_pool_mode mode);

/* y[R,H] = sum over i < n of w[first + i] x_i[R,H] / sum of all of w[1,K]: a part of the weighted
 * mean of K layers, n < TAPE_MAX_INPUTS; parts add up to it. */
tape_node *op_weighted_mean(tape *t, tape_node *const *x, size_t n, tape_node *w, size_t first);

/* ---- memory ---- */

/* Operators of which only the result is kept: y[R,C] as in[0] is what `build` makes of the inputs,
 * and backward calls it again (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
 * Values, gradients and dropout masks have the bits that they have without it. `build` reads no
 * nodes but its inputs and leaves, releases none of the inputs and draws nothing from tape_random.
 * A part is the first member of a struct of its own, of `size` bytes, which is copied. */
typedef struct op_part {
    tape_node *(*build)(const struct op_part *part, tape *t, tape_node *const *in);
} op_part;
tape_node *op_recompute(tape *t, tape_node *const *in, size_t inputs, const op_part *part,
                        size_t size);

/* ---- rows and columns ---- */
tape_node *op_rows(tape *t, tape_node *x, size_t first, size_t count);    /* a slice, [count, H] */
tape_node *op_columns(tape *t, tape_node *x, size_t first, size_t count); /* a slice, [R, count] */
/* y[B, K C]: the K blocks of B rows of x[K B, C] side by side. */
tape_node *op_fold(tape *t, tape_node *x, size_t parts);
tape_node *op_concat_rows(tape *t, tape_node *const *x, size_t n);
tape_node *op_concat_columns(tape *t, tape_node *const *x, size_t n);

/* y = x / max(|x|, 1e-12) by rows. */
tape_node *op_normalize(tape *t, tape_node *x);

/* Concatenation for the softmax head (Reimers & Gurevych 2019, section 3 and table 6): the chosen
 * parts, in the order u, v, |u-v|, u*v; [B, parts * H]. At u = v the gradient of |u-v| is 0. */
enum { OP_PAIR_U = 1, OP_PAIR_V = 2, OP_PAIR_DIFFERENCE = 4, OP_PAIR_PRODUCT = 8 };
tape_node *op_pair(tape *t, tape_node *u, tape_node *v, unsigned parts);

/* ---- arithmetic ---- */
tape_node *op_add(tape *t, tape_node *a, tape_node *b);
tape_node *op_mul(tape *t, tape_node *a, tape_node *b); /* element by element */
tape_node *op_scale(tape *t, tape_node *x, double factor);
tape_node *op_affine(tape *t, tape_node *x, double scale, double offset); /* scale x + offset */
/* y[B,C] = factor * a[B,H] c[C,H]^T */
tape_node *op_scores(tape *t, tape_node *a, tape_node *c, double factor);
/* y[B,1] = sum over columns of a * b */
tape_node *op_row_dot(tape *t, tape_node *a, tape_node *b);
/* y[B,1] = distance of row r of a[B,H] and row r of b[B,H]; each is at least 0. Where it has a kink
 * the gradient is 0: of equal rows (Euclidean), of equal elements (Manhattan). */
typedef enum op_distance {
    OP_DISTANCE_EUCLIDEAN,
    OP_DISTANCE_COSINE, /* 1 - cosine; a row of zeros is at 1 from any and gives no gradient */
    OP_DISTANCE_MANHATTAN,
    OP_DISTANCES
} op_distance;
tape_node *op_row_distance(tape *t, tape_node *a, tape_node *b, op_distance distance);
/* y[B,C] = Euclidean distance of each row of a[B,H] and each of c[C,H]; of equal rows the gradient
 * is 0. */
tape_node *op_distances(tape *t, tape_node *a, tape_node *c);
/* y[1,1] = mean of all elements */
tape_node *op_mean(tape *t, tape_node *x);

/* ---- losses' last steps, [1,1] ---- */
/* Mean over rows of -log softmax(logits)[label]; logits [B,C], labels[B] < C, used in place; NULL:
 * row r has label r. */
tape_node *op_cross_entropy(tape *t, tape_node *logits, const uint32_t *labels);
/* The same with label smoothing in 0..1: the target of a row is 1 - smoothing at its label, and
 * smoothing / C more at every class. */
tape_node *op_cross_entropy_smoothed(tape *t, tape_node *logits, const uint32_t *labels,
                                     double smoothing);
/* Mean over elements of (x - target)^2; target has rows * cols numbers, used in place. */
tape_node *op_mean_squared_error(tape *t, tape_node *x, const double *target);
/* log(1 + sum over i, j with order[i] < order[j] of e^(x[i] - x[j])) of x[R,1]: how far x is from
 * the order of R numbers, used in place. */
tape_node *op_ranking(tape *t, tape_node *x, const double *order);
/* Mean over elements of the binary cross-entropy of sigmoid(x) with targets in 0..1, used in place.
 */
tape_node *op_binary_cross_entropy(tape *t, tape_node *x, const double *target);

#endif
