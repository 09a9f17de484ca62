/* Relative position bias (Raffel et al. 2020, section 2.1): y[h, i*L + j] = table[bucket(j - i), h]
 * for the longest text's L tokens.
 *   in:    table [buckets, heads], buckets >= 32
 *   out:   y [heads, L*L]
 *   saved: nothing
 *   dtable[b, h] = sum of dy[h, i*L + j] over the pairs in bucket b, row by row; a head a tile, so
 *   that the order does not depend on threads. */
#include "autograd/helpers/sample_layout.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "base/threads.h"

/* Of the 32, half are for keys behind the query; of these 8 hold one distance each. */
enum { BUCKETS = 32, HALF = BUCKETS / 2, EXACT = HALF / 2 };

typedef struct bias_job {
    const tape_node *node;
    size_t longest;
    real *dtable;
} bias_job;

/* Bucket EXACT + k begins at the distance EXACT * 16^(k / 8), whose square is EXACT^2 * 2^k. */
static size_t bucket(size_t query, size_t key) {
    size_t distance = key > query ? key - query : query - key;
    size_t side = key > query ? HALF : 0, b = distance;
    if (distance >= EXACT)
        for (b = EXACT; b < HALF - 1;) {
            size_t next = (size_t)EXACT * EXACT << (b + 1 - EXACT);
            if (distance * distance < next)
                break;
            b++;
        }
    return side + b;
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
    return base_size_mul(*length, *length, &n->cols) ||
           op_fail(t, n, "%zu tokens are more than memory can hold", *length);
}

static void forward_head(void *context, size_t head) {
    const bias_job *j = context;
    const tape_node *n = j->node, *table = n->in[0];
    real *y = n->value + head * n->cols;
    for (size_t query = 0; query < j->longest; query++)
        for (size_t key = 0; key < j->longest; key++)
            *y++ = table->value[bucket(query, key) * table->cols + head];
}

static void backward_head(void *context, size_t head) {
    const bias_job *j = context;
    const tape_node *n = j->node;
    const real *dy = op_upstream(n) + head * n->cols;
    real sum[BUCKETS] = {0};
    for (size_t query = 0; query < j->longest; query++)
        for (size_t key = 0; key < j->longest; key++)
            sum[bucket(query, key)] += *dy++;
    for (size_t b = 0; b < BUCKETS; b++)
        j->dtable[b * n->in[0]->cols + head] += sum[b];
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    bias_job job = {.node = n, .longest = *(const size_t *)n->attr};
    base_threads_run(n->rows, forward_head, &job);
}

static void backward(tape *t, tape_node *n) {
    bias_job job = {n, *(const size_t *)n->attr, op_grad(t, n->in[0])};
    if (job.dtable)
        base_threads_run(n->rows, backward_head, &job);
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
