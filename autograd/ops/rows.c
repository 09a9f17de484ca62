/* Slice of rows: y = x[first .. first+count-1, :].
 *   in:    x [R,H]
 *   out:   y [count,H]
 *   saved: nothing
 *   dx[first + r] += dy[r]. */
#include "autograd/op.h"
#include "autograd/ops/block.h"
#include "autograd/ops/ops.h"

typedef struct slice {
    size_t first, count;
} slice;

static bool shape(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    const slice *s = n->attr;
    if (!x || s->first > x->rows || s->count > x->rows - s->first)
        return op_fail(t, n, "%zu rows from row %zu are not in x [%zu, %zu]", s->count, s->first,
                       x ? x->rows : 0, x ? x->cols : 0);
    n->rows = s->count;
    n->cols = x->cols;
    return true;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const slice *s = n->attr;
    op_block_copy(&(op_block){n->rows, n->cols, n->in[0]->value + s->first * n->cols, n->cols,
                              n->value, n->cols});
}

static void backward(tape *t, tape_node *n) {
    const slice *s = n->attr;
    real *dx = op_grad(t, n->in[0]);
    if (dx)
        op_block_add(&(op_block){n->rows, n->cols, op_upstream(n), n->cols, dx + s->first * n->cols,
                                 n->cols},
                     tape_kernels(t));
}

static tape_node *build_middle(tape *t, tape_node **in) {
    return op_rows(t, in[0], 2, 3);
}

static tape_node *build_two_that_overlap(tape *t, tape_node **in) {
    return op_add(t, op_rows(t, in[0], 0, 3), op_rows(t, in[0], 1, 3));
}

static const op_case cases[] = {
    {"middle", 1, {{6, 5, -1, 1, 0}}, build_middle, false},
    {"two that overlap", 1, {{4, 5, -1, 1, 0}}, build_two_that_overlap, false},
    {0},
};

const op_def op_rows_def = {"rows", shape, forward, backward, cases, NULL};

tape_node *op_rows(tape *t, tape_node *x, size_t first, size_t count) {
    return op_apply(t, &op_rows_def, &x, 1, &(slice){first, count}, sizeof(slice));
}
