/* Matrices one below the other.
 *   in:    x_i [R_i,H], at least one
 *   out:   y [sum of R_i, H]
 *   saved: nothing
 *   dx_i += the rows of dy that came from x_i. */
#include "autograd/op.h"
#include "autograd/ops/block.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

static bool shape(tape *t, tape_node *n) {
    n->cols = n->inputs && n->in[0] ? n->in[0]->cols : 0;
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        if (!x || x->cols != n->cols)
            return op_fail(t, n, "input %zu is [%zu, %zu], expected %zu columns", i,
                           x ? x->rows : 0, x ? x->cols : 0, n->cols);
        if (!base_size_add(n->rows, x->rows, &n->rows))
            return op_fail(t, n, "the inputs have more rows than memory can hold");
    }
    return n->inputs ? true : op_fail(t, n, "no inputs");
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    real *y = n->value;
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        op_block_copy(&(op_block){x->rows, x->cols, x->value, x->cols, y, x->cols});
        y += x->rows * x->cols;
    }
}

static void backward(tape *t, tape_node *n) {
    const real *dy = op_upstream(n);
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        real *dx = op_grad(t, n->in[i]);
        if (dx)
            op_block_add(&(op_block){x->rows, x->cols, dy, x->cols, dx, x->cols}, tape_kernels(t));
        dy += x->rows * x->cols;
    }
}

static tape_node *build_three(tape *t, tape_node **in) {
    return op_concat_rows(t, in, 3);
}

static tape_node *build_twice(tape *t, tape_node **in) {
    return op_concat_rows(t, (tape_node *[]){in[0], in[0]}, 2);
}

static const op_case cases[] = {
    {"three", 3, {{2, 5, -1, 1, 0}, {1, 5, -1, 1, 0}, {4, 5, -1, 1, 0}}, build_three, false},
    {"one node twice", 1, {{3, 4, -1, 1, 0}}, build_twice, false},
    {0},
};

const op_def op_concat_rows_def = {"concat_rows", shape, forward, backward, cases, NULL};

tape_node *op_concat_rows(tape *t, tape_node *const *x, size_t n) {
    return op_apply(t, &op_concat_rows_def, x, n, NULL, 0);
}
