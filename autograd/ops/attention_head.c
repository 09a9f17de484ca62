#include "autograd/ops/attention_head.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

/* Matrices are copied out of the packed rows into scratch, rows padded with zeros to whole vectors
 * (`columns` for the head's width, `keys` for the text's length), so that the kernels meet no
 * rests. */
typedef struct work {
    size_t columns, keys;
    real *q, *k, *v, *dy, *product; /* [L, columns] */
    real *k_turned, *v_turned;      /* [columns, keys] */
    real *p, *dropped, *dp;         /* [L, keys] */
} work;

static size_t padded(const kernel_table *kernels, size_t n) {
    size_t lanes = kernels->lanes();
    return (n + lanes - 1) / lanes * lanes;
}

size_t op_attention_head_scratch(const kernel_table *kernels, size_t length, size_t width,
                                 bool backward) {
    size_t columns = padded(kernels, width), keys = padded(kernels, length);
    size_t tall = backward ? 5 : 3, turned = backward ? 2 : 1, square = backward ? 3 : 1;
    return tall * length * columns + turned * columns * keys + square * length * keys;
}

static real *carve(real **at, size_t numbers) {
    real *block = *at;
    *at += numbers;
    return block;
}

/* dst [L, columns] = one of the head's three matrices; the padding is zero. */
static void gather(const op_attention_head *h, const work *w, const real *from, size_t row,
                   real *dst) {
    for (size_t i = 0; i < h->length; i++, dst += w->columns) {
        memcpy(dst, from + i * row, h->width * sizeof *dst);
        memset(dst + h->width, 0, (w->columns - h->width) * sizeof *dst);
    }
}

/* dst [width, keys] = the transpose of src [L, columns]. */
static void turn(const op_attention_head *h, const work *w, const real *src, real *dst) {
    for (size_t c = 0; c < h->width; c++, dst += w->keys) {
        for (size_t i = 0; i < h->length; i++)
            dst[i] = src[i * w->columns + c];
        memset(dst + h->length, 0, (w->keys - h->length) * sizeof *dst);
    }
}

static real score_scale(const op_attention_head *h) {
    return REAL(1 / sqrt((double)h->width));
}

static void softmax_row(const op_attention_head *h, size_t i, real *row) {
    const kernel_table *k = h->kernels;
    k->scale(h->length, score_scale(h), row);
    if (h->bias)
        k->add(h->length, h->bias + i * h->bias_row, row);
    real sum = k->exp_sum(h->length, k->max(h->length, row), row);
    k->scale(h->length, 1 / sum, row);
}

/* Mask of the probabilities of query i. */
static void mask_row(const op_attention_head *h, size_t i, const real *from, real *to) {
    uint64_t key = 0;
    if (h->mask.on)
        key = base_random_mix(op_dropout_key(h->tape, h->layout, h->text, i, h->site), h->head);
    op_mask_row(&h->mask, h->kernels, key, h->length, from, to);
}

/* Carves the scratch and computes p = softmax(q k^T / sqrt(d) + bias). */
static work probabilities(const op_attention_head *h, bool backward) {
    size_t length = h->length, columns = padded(h->kernels, h->width);
    size_t keys = padded(h->kernels, length), tall = length * columns, row = 3 * h->hidden;
    real *at = h->scratch;
    work w = {.columns = columns, .keys = keys};
    w.q = carve(&at, tall);
    w.k = carve(&at, tall);
    w.v = carve(&at, tall);
    w.k_turned = carve(&at, columns * keys);
    w.p = carve(&at, length * keys);
    if (backward) {
        w.dy = carve(&at, tall);
        w.product = carve(&at, tall);
        w.v_turned = carve(&at, columns * keys);
        w.dropped = carve(&at, length * keys);
        w.dp = carve(&at, length * keys);
    }
    gather(h, &w, h->qkv, row, w.q);
    gather(h, &w, h->qkv + h->hidden, row, w.k);
    gather(h, &w, h->qkv + 2 * h->hidden, row, w.v);
    turn(h, &w, w.k, w.k_turned);
    h->kernels->small_matmul(length, keys, h->width, w.q, columns, 1, w.k_turned, keys, w.p, keys);
    for (size_t i = 0; i < length; i++)
        softmax_row(h, i, w.p + i * keys);
    return w;
}

void op_attention_head_forward(const op_attention_head *h, real *y) {
    work w = probabilities(h, false);
    for (size_t i = 0; h->mask.on && i < h->length; i++)
        mask_row(h, i, w.p + i * w.keys, w.p + i * w.keys);
    h->kernels->small_matmul(h->length, w.columns, h->length, w.p, w.keys, 1, w.v, w.columns, w.q,
                             w.columns);
    for (size_t i = 0; i < h->length; i++)
        memcpy(y + i * h->hidden, w.q + i * w.columns, h->width * sizeof *y);
}

/* to (rows 3 H apart) = or += from [L, columns]. */
static void scatter(const op_attention_head *h, const work *w, const real *from, real beta,
                    real *to) {
    for (size_t i = 0; i < h->length; i++, to += 3 * h->hidden) {
        if (beta == 0)
            memcpy(to, from + i * w->columns, h->width * sizeof *to);
        else
            h->kernels->add(h->width, from + i * w->columns, to);
    }
}

/* dp becomes ds, the gradient of the scores before the bias was added. */
static void score_gradients(const op_attention_head *h, const work *w, real *dbias) {
    for (size_t i = 0; i < h->length; i++) {
        real *row = w->dp + i * w->keys;
        mask_row(h, i, row, row);
        h->kernels->softmax_backward(h->length, w->p + i * w->keys, row, 1, row);
        if (dbias)
            h->kernels->add(h->length, row, dbias + i * h->bias_row);
        h->kernels->scale(h->length, score_scale(h), row);
    }
}

void op_attention_head_backward(const op_attention_head *h, const real *dy, real *dqkv, real beta,
                                real *dbias) {
    work w = probabilities(h, true);
    const kernel_table *k = h->kernels;
    size_t length = h->length, columns = w.columns, keys = w.keys;
    gather(h, &w, dy, h->hidden, w.dy);
    turn(h, &w, w.v, w.v_turned);
    k->small_matmul(length, keys, h->width, w.dy, columns, 1, w.v_turned, keys, w.dp, keys);
    score_gradients(h, &w, dbias);
    if (!dqkv)
        return;
    for (size_t i = 0; i < length; i++)
        mask_row(h, i, w.p + i * keys, w.dropped + i * keys);
    k->small_matmul(length, columns, length, w.dp, keys, 1, w.k, columns, w.product, columns);
    scatter(h, &w, w.product, beta, dqkv);
    k->small_matmul(length, columns, length, w.dp, 1, keys, w.q, columns, w.product, columns);
    scatter(h, &w, w.product, beta, dqkv + h->hidden);
    k->small_matmul(length, columns, length, w.dropped, 1, keys, w.dy, columns, w.product, columns);
    scatter(h, &w, w.product, beta, dqkv + 2 * h->hidden);
}
