#include "autograd/helpers/attention_head.h"

#include <math.h>

/* Queries are taken in blocks, so that a block's rows of p and dp stay in the caches however long
 * the text is. */
enum { QUERIES = 64 };

/* Rows of p and dp and of the transposed matrices are padded: the kernels meet no rests. */
typedef struct work {
    size_t keys;                       /* L, padded */
    real *k_transposed, *v_transposed; /* [d, keys] */
    real *p, *dp;                      /* [QUERIES, keys] */
} work;

static size_t padded(size_t length) {
    return (length + KERNEL_PAD - 1) / KERNEL_PAD * KERNEL_PAD;
}

size_t op_attention_head_scratch(size_t length, size_t width) {
    return 2 * padded(length) * (width + (length < QUERIES ? length : QUERIES));
}

static work lay_out(const op_attention_head *h) {
    size_t keys = padded(h->length), transposed = h->width * keys;
    size_t queries = h->length < QUERIES ? h->length : QUERIES;
    real *at = h->scratch;
    return (work){keys, at, at + transposed, at + 2 * transposed,
                  at + 2 * transposed + queries * keys};
}

static real score_factor(const op_attention_head *h) {
    return REAL(1 / sqrt((double)h->width));
}

/* Query, key and value in the text's row i. */
static const real *query(const op_attention_head *h, size_t i) {
    return h->qkv + i * 3 * h->hidden;
}

static const real *key(const op_attention_head *h, size_t i) {
    return query(h, i) + h->hidden;
}

static const real *value(const op_attention_head *h, size_t i) {
    return query(h, i) + 2 * h->hidden;
}

static const real *bias_of(const op_attention_head *h, size_t i) {
    return h->bias ? h->bias - i : NULL;
}

static kernel_mask mask_of(const op_attention_head *h, size_t i) {
    return op_dropout_row_part(h->masks, h->row + i, h->head);
}

/* w->p = query key^T for `count` queries from `first` on. */
static void scores(const op_attention_head *h, const work *w, size_t first, size_t count) {
    h->kernels->product(count, w->keys, h->width, 1, query(h, first), 3 * h->hidden, 1,
                        w->k_transposed, w->keys, 0, w->p, w->keys);
}

/* The weight of a score this low is exactly 0. */
static void hide_keys(const op_attention_head *h, size_t i, real *p) {
    const real hidden = REAL(-1e30);
    size_t before = h->window ? h->window : h->length, behind = h->causal ? 0 : before;
    for (size_t j = 0; j + before < i; j++)
        p[j] = hidden;
    for (size_t j = i + behind + 1; j < h->length; j++)
        p[j] = hidden;
}

static void forward_row(const op_attention_head *h, size_t i, real *p) {
    real unkept[2], *statistics = h->statistics ? h->statistics + i * h->statistics_row : unkept;
    hide_keys(h, i, p);
    h->kernels->softmax(h->length, score_factor(h), bias_of(h, i), p, statistics);
    if (h->masks->key)
        h->kernels->dropout(h->length, mask_of(h, i), p, 0, p);
}

void op_attention_head_forward(const op_attention_head *h, real *y) {
    const work w = lay_out(h);
    h->kernels->transpose(h->length, h->width, key(h, 0), 3 * h->hidden, w.k_transposed, w.keys);
    for (size_t first = 0; first < h->length; first += QUERIES) {
        size_t count = h->length - first < QUERIES ? h->length - first : QUERIES;
        scores(h, &w, first, count);
        for (size_t i = 0; i < count; i++)
            forward_row(h, first + i, w.p + i * w.keys);
        h->kernels->product(count, h->width, h->length, 1, w.p, w.keys, 1, value(h, 0),
                            3 * h->hidden, 0, y + first * h->hidden, h->hidden);
    }
}

/* p becomes dropout(p), dp the gradient of the scores. */
static void backward_row(const op_attention_head *h, size_t i, real *p, real *dp, real *dbias) {
    hide_keys(h, i, p);
    h->kernels->softmax_recompute(h->length, score_factor(h), bias_of(h, i), p,
                                  h->statistics + i * h->statistics_row);
    h->kernels->softmax_backward(h->length, mask_of(h, i), p, dp);
    if (dbias)
        h->kernels->add(h->length, dp, dbias - i);
}

/* What the block's queries add to dq, dk and dv; beta scales what is in dk and dv. */
static void add_block(const op_attention_head *h, const work *w, size_t first, size_t count,
                      const real *dy, real *dqkv, real beta_query, real beta) {
    const kernel_table *k = h->kernels;
    size_t row = 3 * h->hidden, length = h->length, width = h->width;
    real factor = score_factor(h);
    k->product(count, width, length, factor, w->dp, w->keys, 1, key(h, 0), row, beta_query,
               dqkv + first * row, row);
    k->product(length, width, count, factor, w->dp, 1, w->keys, query(h, first), row, beta,
               dqkv + h->hidden, row);
    k->product(length, width, count, 1, w->p, 1, w->keys, dy, h->hidden, beta, dqkv + 2 * h->hidden,
               row);
}

void op_attention_head_backward(const op_attention_head *h, const real *dy, real *dqkv, real beta,
                                real *dbias) {
    const work w = lay_out(h);
    h->kernels->transpose(h->length, h->width, key(h, 0), 3 * h->hidden, w.k_transposed, w.keys);
    h->kernels->transpose(h->length, h->width, value(h, 0), 3 * h->hidden, w.v_transposed, w.keys);
    for (size_t first = 0; first < h->length; first += QUERIES) {
        size_t count = h->length - first < QUERIES ? h->length - first : QUERIES;
        const real *dy_block = dy + first * h->hidden;
        scores(h, &w, first, count);
        h->kernels->product(count, w.keys, h->width, 1, dy_block, h->hidden, 1, w.v_transposed,
                            w.keys, 0, w.dp, w.keys);
        for (size_t i = 0; i < count; i++)
            backward_row(h, first + i, w.p + i * w.keys, w.dp + i * w.keys, dbias);
        if (dqkv)
            add_block(h, &w, first, count, dy_block, dqkv, beta, first ? 1 : beta);
    }
}
