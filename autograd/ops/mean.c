/* Mean of all elements, summed in order in double.
 *   in:    x [R,C]
 *   out:   y [1,1]
 *   saved: nothing
 *   dx = dy / (R C). */
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *x = n->in[0];
    size_t size = x->rows * x->cols;
    double sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += (double)x->value[i];
    n->value[0] = REAL(sum / (double)size);
}

static void backward(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    if (!dx)
        return;
    size_t size = n->in[0]->rows * n->in[0]->cols;
    real each = REAL((double)op_upstream(n)[0] / (double)size);
    for (size_t i = 0; i < size; i++)
        dx[i] += each;
}

static tape_node *build(tape *t, tape_node **in) {
    return op_mean(t, in[0]);
}

static const op_case cases[] = {
    {.name = "matrix", .in = {{.rows = 3, .cols = 5}}, .build = build},
    {0},
};

const op_def op_mean_def = {.name = "mean",
                            .shape = op_shape_scalar,
                            .forward = forward,
                            .backward = backward,
                            .cases = cases};

tape_node *op_mean(tape *t, tape_node *x) {
    return op_apply(t, &op_mean_def, &x, 1, NULL, 0);
}
