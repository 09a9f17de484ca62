/* y = tanh(x).
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = dy (1 - y^2). */
#include "autograd/ops/ops.h"
#include "autograd/ops/shapes.h"
#include "autograd/ops/unary.h"

static void forward(tape *t, tape_node *n) {
    op_unary_forward(n, tape_kernels(t)->tanh);
}

static void backward(tape *t, tape_node *n) {
    op_unary_backward(t, n, tape_kernels(t)->tanh_backward);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_tanh(t, in[0]);
}

static const op_case cases[] = {
    {"rows", 1, {{3, 11, -3, 3, 0}}, build, false},
    {"one", 1, {{1, 1, -1, 1, 0}}, build, false},
    {0},
};

const op_def op_tanh_def = {"tanh", op_shape_as_first, forward, backward, cases, NULL};

tape_node *op_tanh(tape *t, tape_node *x) {
    return op_apply(t, &op_tanh_def, &x, 1, NULL, 0);
}
