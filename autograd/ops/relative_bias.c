/* Relative position bias (Raffel et al. 2020, section 2.1): y[h, L-1 + d] = table[bucket(d), h]
 * for a key d tokens behind its query, d from 1-L to L-1 with L the longest text.
 *   in:    table [buckets, heads], buckets >= 32
 *   out:   y [heads, 2L-1]
 *   saved: nothing
 *   dtable[b, h] = sum of dy[h, L-1 + d] over the d in bucket b. */
#include "autograd/helpers/sample_layout.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

/* Of the 32, half are for keys behind the query; of these 8 hold one distance each. */
enum { BUCKETS = 32, HALF = BUCKETS / 2, EXACT = HALF / 2 };

/* Bucket EXACT + k begins at the distance EXACT * 16^(k / 8), whose square is EXACT^2 * 2^k. */
static size_t bucket(size_t distance, bool behind) {
    size_t b = distance;
    if (distance >= EXACT)
        for (b = EXACT; b + 1 < HALF; b++)
            if (distance * distance < (size_t)EXACT * EXACT << (b + 1 - EXACT))
                break;
    return b + (behind ? HALF : 0);
}

/* Of column c of y. */
static size_t bucket_of(const tape_node *n, size_t c) {
    size_t zero = n->cols / 2;
    return c > zero ? bucket(c - zero, true) : bucket(zero - c, false);
}

static size_t longest(const tape_layout *layout) {
    size_t most = 0;
    for (size_t i = 0; i < layout->texts; i++)
        if (layout->start[i + 1] - layout->start[i] > most)
            most = layout->start[i + 1] - layout->start[i];
    return most;
}

static bool shape(tape *t, tape_node *n) {
    const size_t *length = n->attr;
    const tape_node *table = n->in[0];
    if (!table || table->rows < BUCKETS)
        return op_fail(t, n, "the table has %zu rows, expected at least %d",
                       table ? table->rows : 0, BUCKETS);
    n->rows = table->cols;
    n->cols = 2 * *length - 1;
    return *length > 0 || op_fail(t, n, "there is no token");
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *table = n->in[0];
    for (size_t head = 0; head < n->rows; head++)
        for (size_t c = 0; c < n->cols; c++)
            n->value[head * n->cols + c] = table->value[bucket_of(n, c) * table->cols + head];
}

static void backward(tape *t, tape_node *n) {
    const real *dy = op_upstream(n);
    real *dtable = op_grad(t, n->in[0]);
    for (size_t head = 0; dtable && head < n->rows; head++)
        for (size_t c = 0; c < n->cols; c++)
            dtable[bucket_of(n, c) * n->in[0]->cols + head] += dy[head * n->cols + c];
}

static tape_node *build_short(tape *t, tape_node **in) {
    return op_relative_bias(t, op_sample_layout(14), in[0]);
}

static tape_node *build_long(tape *t, tape_node **in) {
    return op_relative_bias(t, op_sample_layout(70), in[0]);
}

static const op_case cases[] = {
    {.name = "a short text", .in = {{.rows = 32, .cols = 3}}, .build = build_short},
    {.name = "a long text", .in = {{.rows = 33, .cols = 2}}, .build = build_long},
    {0},
};

const op_def op_relative_bias_def = {.name = "relative_bias",
                                     .shape = shape,
                                     .forward = forward,
                                     .backward = backward,
                                     .cases = cases};

tape_node *op_relative_bias(tape *t, const tape_layout *layout, tape_node *table) {
    size_t length = longest(layout);
    return op_apply(t, &op_relative_bias_def, &table, 1, &length, sizeof length);
}
