/* Parts of the rows side by side: x [K B, C] is K blocks of B rows, y[b, k C + c] = x[k B + b, c].
 *   in:    x [K B, C]
 *   out:   y [B, K C]
 *   saved: nothing
 *   dx += dy where y came from. */
#include "autograd/helpers/rows.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

static size_t parts_of(const tape_node *n) {
    return *(const size_t *)n->attr;
}

static bool shape(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    size_t parts = parts_of(n);
    if (!x || !parts || x->rows % parts != 0)
        return op_fail(t, n, "x [%zu, %zu] is not %zu parts of as many rows", x ? x->rows : 0,
                       x ? x->cols : 0, parts);
    n->rows = x->rows / parts;
    n->cols = x->cols * parts;
    return true;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *x = n->in[0];
    for (size_t k = 0; k < parts_of(n); k++)
        op_block_copy(&(op_block){n->rows, x->cols, x->value + k * n->rows * x->cols, x->cols,
                                  n->value + k * x->cols, n->cols});
}

static void backward(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    real *dx = op_grad(t, n->in[0]);
    for (size_t k = 0; dx && k < parts_of(n); k++) {
        op_block block = {
            n->rows, x->cols, op_upstream(n) + k * x->cols, n->cols, dx + k * n->rows * x->cols,
            x->cols};
        op_block_add(&block, tape_kernels(t));
    }
}

static tape_node *build_three(tape *t, tape_node **in) {
    return op_fold(t, in[0], 3);
}

static const op_case cases[] = {
    {.name = "columns", .in = {{.rows = 6, .cols = 1}}, .build = build_three},
    {.name = "blocks", .in = {{.rows = 12, .cols = 5}}, .build = build_three},
    {0},
};

const op_def op_fold_def = {
    .name = "fold", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_fold(tape *t, tape_node *x, size_t parts) {
    return op_apply(t, &op_fold_def, &x, 1, &parts, sizeof parts);
}
