/* Slice of columns: y = x[:, first .. first+count-1].
 *   in:    x [R,H]
 *   out:   y [R,count]
 *   saved: nothing
 *   dx[:, first + c] += dy[:, c]. */
#include "autograd/op.h"
#include "autograd/ops/block.h"
#include "autograd/ops/ops.h"

typedef struct slice {
    size_t first, count;
} slice;

static bool shape(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    const slice *s = n->attr;
    if (!x || s->first > x->cols || s->count > x->cols - s->first)
        return op_fail(t, n, "%zu columns from column %zu are not in x [%zu, %zu]", s->count,
                       s->first, x ? x->rows : 0, x ? x->cols : 0);
    n->rows = x->rows;
    n->cols = s->count;
    return true;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *x = n->in[0];
    const slice *s = n->attr;
    op_block_copy(&(op_block){n->rows, n->cols, x->value + s->first, x->cols, n->value, n->cols});
}

static void backward(tape *t, tape_node *n) {
    const slice *s = n->attr;
    real *dx = op_grad(t, n->in[0]);
    if (dx)
        op_block_add(
            &(op_block){n->rows, n->cols, op_upstream(n), n->cols, dx + s->first, n->in[0]->cols},
            tape_kernels(t));
}

static tape_node *build_middle(tape *t, tape_node **in) {
    return op_columns(t, in[0], 1, 4);
}

static tape_node *build_two_that_overlap(tape *t, tape_node **in) {
    return op_add(t, op_columns(t, in[0], 0, 3), op_columns(t, in[0], 2, 3));
}

static const op_case cases[] = {
    {"middle", 1, {{3, 7, -1, 1, 0}}, build_middle, false},
    {"two that overlap", 1, {{4, 5, -1, 1, 0}}, build_two_that_overlap, false},
    {0},
};

const op_def op_columns_def = {"columns", shape, forward, backward, cases, NULL};

tape_node *op_columns(tape *t, tape_node *x, size_t first, size_t count) {
    return op_apply(t, &op_columns_def, &x, 1, &(slice){first, count}, sizeof(slice));
}
