/* Multiple: y = factor * x.
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = factor * dy. */
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <string.h>

static real factor_of(const tape_node *n) {
    const double *factor = n->attr;
    return REAL(*factor);
}

static void forward(tape *t, tape_node *n) {
    size_t size = n->rows * n->cols;
    memcpy(n->value, n->in[0]->value, size * sizeof *n->value);
    tape_kernels(t)->scale(size, factor_of(n), n->value);
}

static void backward(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    if (dx)
        tape_kernels(t)->axpy(n->rows * n->cols, factor_of(n), op_upstream(n), dx);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_scale(t, in[0], -2.5);
}

static const op_case cases[] = {
    {.name = "negative", .in = {{.rows = 3, .cols = 7}}, .build = build},
    {.name = "long rows", .in = {{.rows = 2, .cols = 37}}, .build = build},
    {0},
};

const op_def op_scale_def = {.name = "scale",
                             .shape = op_shape_as_first,
                             .forward = forward,
                             .backward = backward,
                             .cases = cases};

tape_node *op_scale(tape *t, tape_node *x, double factor) {
    return op_apply(t, &op_scale_def, &x, 1, &factor, sizeof factor);
}
