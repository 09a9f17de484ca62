/* Pooling: one vector of each text's token rows (Reimers & Gurevych 2019, section 3; weighted mean:
 * Muennighoff 2022, section 4), without the first tokens that the layout says to skip.
 *   in:    x [T,H]
 *   out:   y [S,H]
 *   saved: for max, the winning row of each element [S,H] (uint32)
 *   All but max are weighted sums of rows, y_s = sum over i of w_i x_i, so dx_i = w_i dy_s; max
 * sends dy to the first of the largest. A text without tokens has a row of 0. */
#include "autograd/helpers/sample_layout.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "base/threads.h"

#include <math.h>
#include <string.h>

typedef struct settings {
    const tape_layout *layout;
    op_pool_mode mode;
} settings;

typedef struct text_job {
    const kernel_table *kernels;
    const tape_node *node;
    real *dx;
} text_job;

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *x = n->in[0];
    if (!x || x->rows != s->layout->tokens)
        return op_fail(t, n, "x has %zu rows, the layout %zu tokens", x ? x->rows : 0,
                       s->layout->tokens);
    for (size_t i = 0; i < s->layout->texts; i++)
        if (s->layout->start[i] > s->layout->start[i + 1] ||
            (s->layout->skip && s->layout->skip[i] > 0 &&
             s->layout->skip[i] >= s->layout->start[i + 1] - s->layout->start[i]))
            return op_fail(t, n, "text %zu has no tokens", i);
    n->rows = s->layout->texts;
    n->cols = x->cols;
    size_t numbers;
    if (s->mode == OP_POOL_MAX && (!base_size_mul(n->rows, n->cols, &numbers) ||
                                   !base_size_mul(numbers, sizeof(uint32_t), &n->saved_bytes)))
        return op_fail(t, n, "[%zu, %zu] is more than memory can hold", n->rows, n->cols);
    return true;
}

/* Of token i >= skip of `length`. */
typedef double weight_function(size_t i, size_t skip, size_t length);

static double weight_mean(size_t i, size_t skip, size_t length) {
    (void)i;
    return 1 / (double)(length - skip);
}

static double weight_cls(size_t i, size_t skip, size_t length) {
    (void)length;
    return i == skip;
}

static double weight_sqrt(size_t i, size_t skip, size_t length) {
    (void)i;
    return 1 / sqrt((double)(length - skip));
}

/* Tokens keep their weights when those before them are skipped. */
static double weight_rising(size_t i, size_t skip, size_t length) {
    return 2 * (double)(i + 1) / ((double)(length - skip) * (double)(length + skip + 1));
}

static double weight_last(size_t i, size_t skip, size_t length) {
    (void)skip;
    return i + 1 == length;
}

static weight_function *const weights[OP_POOL_MODES] = {
    [OP_POOL_MEAN] = weight_mean,       [OP_POOL_MAX] = NULL,
    [OP_POOL_CLS] = weight_cls,         [OP_POOL_SQRT] = weight_sqrt,
    [OP_POOL_WEIGHTED] = weight_rising, [OP_POOL_LAST] = weight_last,
};

static size_t skip_of(const tape_node *n, size_t text) {
    const tape_layout *layout = ((const settings *)n->attr)->layout;
    return layout->skip ? layout->skip[text] : 0;
}

static void weighted_sum(const text_job *j, weight_function *weight, size_t text) {
    const tape_node *n = j->node;
    const uint32_t *start = ((const settings *)n->attr)->layout->start;
    size_t cols = n->cols, length = start[text + 1] - start[text], skip = skip_of(n, text);
    const real *x = n->in[0]->value + start[text] * cols;
    memset(n->value + text * cols, 0, cols * sizeof *n->value);
    for (size_t i = skip; i < length; i++) {
        real w = REAL(weight(i, skip, length));
        if (w > 0)
            j->kernels->axpy(cols, w, x + i * cols, n->value + text * cols);
    }
}

static void take_max(const text_job *j, size_t text) {
    const tape_node *n = j->node;
    const uint32_t *start = ((const settings *)n->attr)->layout->start;
    uint32_t first = start[text] + (uint32_t)skip_of(n, text);
    size_t cols = n->cols;
    real *y = n->value + text * cols;
    uint32_t *winner = n->saved ? (uint32_t *)n->saved + text * cols : NULL;
    if (first >= start[text + 1]) {
        memset(y, 0, cols * sizeof *y);
        return;
    }
    memcpy(y, n->in[0]->value + first * cols, cols * sizeof *y);
    for (size_t c = 0; winner && c < cols; c++)
        winner[c] = first;
    for (uint32_t r = first + 1; r < start[text + 1]; r++) {
        const real *x = n->in[0]->value + r * cols;
        for (size_t c = 0; c < cols; c++) {
            bool more = x[c] > y[c];
            y[c] = more ? x[c] : y[c];
            if (winner && more)
                winner[c] = r;
        }
    }
}

static void forward_texts(void *context, size_t begin, size_t end) {
    const text_job *j = context;
    weight_function *weight = weights[((const settings *)j->node->attr)->mode];
    for (size_t text = begin; text < end; text++) {
        if (weight)
            weighted_sum(j, weight, text);
        else
            take_max(j, text);
    }
}

static void forward(tape *t, tape_node *n) {
    text_job job = {tape_kernels(t), n, NULL};
    base_threads_range(n->rows, 1, forward_texts, &job);
}

static void spread(const text_job *j, weight_function *weight, size_t text) {
    const tape_node *n = j->node;
    const uint32_t *start = ((const settings *)n->attr)->layout->start;
    size_t cols = n->cols, length = start[text + 1] - start[text], skip = skip_of(n, text);
    for (size_t i = skip; i < length; i++) {
        real w = REAL(weight(i, skip, length));
        if (w > 0)
            j->kernels->axpy(cols, w, op_upstream(n) + text * cols,
                             j->dx + (start[text] + i) * cols);
    }
}

static void reward_winners(const text_job *j, size_t text) {
    const tape_node *n = j->node;
    const uint32_t *winner = (const uint32_t *)n->saved + text * n->cols;
    const uint32_t *start = ((const settings *)n->attr)->layout->start;
    const real *dy = op_upstream(n) + text * n->cols;
    if (start[text] == start[text + 1])
        return;
    for (size_t c = 0; c < n->cols; c++)
        j->dx[winner[c] * n->cols + c] += dy[c];
}

static void backward_texts(void *context, size_t begin, size_t end) {
    const text_job *j = context;
    weight_function *weight = weights[((const settings *)j->node->attr)->mode];
    for (size_t text = begin; text < end; text++) {
        if (weight)
            spread(j, weight, text);
        else
            reward_winners(j, text);
    }
}

static void backward(tape *t, tape_node *n) {
    text_job job = {tape_kernels(t), n, op_grad(t, n->in[0])};
    if (job.dx)
        base_threads_range(n->rows, 1, backward_texts, &job);
}

#define BUILD(name, mode)                                                                          \
    static tape_node *build_##name(tape *t, tape_node **in) {                                      \
        return op_pool(t, op_sample_layout(in[0]->rows), in[0], mode);                             \
    }
BUILD(mean, OP_POOL_MEAN)
BUILD(max, OP_POOL_MAX)
BUILD(cls, OP_POOL_CLS)
BUILD(sqrt, OP_POOL_SQRT)
BUILD(weighted, OP_POOL_WEIGHTED)
BUILD(last, OP_POOL_LAST)

/* The sample of 14 tokens with a prompt in two of its texts, and an empty fifth one. */
static const tape_layout *with_prompt(void) {
    static const uint32_t start[] = {0, 3, 4, 11, 14, 14}, skip[] = {2, 0, 5, 0, 0};
    static const tape_layout layout = {.texts = 5, .tokens = 14, .start = start, .skip = skip};
    return &layout;
}

#define BUILD_SKIP(name, mode)                                                                     \
    static tape_node *build_##name##_skip(tape *t, tape_node **in) {                               \
        return op_pool(t, with_prompt(), in[0], mode);                                             \
    }
BUILD_SKIP(mean, OP_POOL_MEAN)
BUILD_SKIP(max, OP_POOL_MAX)
BUILD_SKIP(cls, OP_POOL_CLS)
BUILD_SKIP(sqrt, OP_POOL_SQRT)
BUILD_SKIP(weighted, OP_POOL_WEIGHTED)
BUILD_SKIP(last, OP_POOL_LAST)

#define INPUT                                                                                      \
    {                                                                                              \
        { .rows = 14, .cols = 5 }                                                                  \
    }

static const op_case cases[] = {
    {.name = "mean", .in = INPUT, .build = build_mean},
    {.name = "max", .in = INPUT, .build = build_max},
    {.name = "cls", .in = INPUT, .build = build_cls},
    {.name = "sqrt", .in = INPUT, .build = build_sqrt},
    {.name = "weighted", .in = INPUT, .build = build_weighted},
    {.name = "last", .in = INPUT, .build = build_last},
    {.name = "mean behind a prompt", .in = INPUT, .build = build_mean_skip},
    {.name = "max behind a prompt", .in = INPUT, .build = build_max_skip},
    {.name = "cls behind a prompt", .in = INPUT, .build = build_cls_skip},
    {.name = "sqrt behind a prompt", .in = INPUT, .build = build_sqrt_skip},
    {.name = "weighted behind a prompt", .in = INPUT, .build = build_weighted_skip},
    {.name = "last behind a prompt", .in = INPUT, .build = build_last_skip},
    {0},
};

const op_def op_pool_def = {
    .name = "pool", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_pool(tape *t, const tape_layout *layout, tape_node *x, op_pool_mode mode) {
    settings s = {layout, mode};
    return op_apply(t, &op_pool_def, &x, 1, &s, sizeof s);
}
