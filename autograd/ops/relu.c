/* y = max(x, 0).
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = dy where x > 0, else 0. */
#include "autograd/ops/ops.h"
#include "autograd/ops/shapes.h"
#include "autograd/ops/unary.h"

static void forward(tape *t, tape_node *n) {
    op_unary_forward(n, tape_kernels(t)->relu);
}

static void backward(tape *t, tape_node *n) {
    op_unary_backward(t, n, tape_kernels(t)->relu_backward);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_relu(t, in[0]);
}

static const op_case cases[] = {
    {"rows", 1, {{3, 11, -3, 3, 0.1}}, build, false},
    {"one", 1, {{1, 1, -1, 1, 0.1}}, build, false},
    {0},
};

const op_def op_relu_def = {"relu", op_shape_as_first, forward, backward, cases, NULL};

tape_node *op_relu(tape *t, tape_node *x) {
    return op_apply(t, &op_relu_def, &x, 1, NULL, 0);
}
