/* GELU, exact: y = x Phi(x) (Hendrycks & Gimpel 2016, section 2).
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = dy (Phi(x) + x phi(x)), recomputed from x. */
#include "autograd/ops/ops.h"
#include "autograd/ops/shapes.h"
#include "autograd/ops/unary.h"

static void forward(tape *t, tape_node *n) {
    op_unary_forward(n, tape_kernels(t)->gelu);
}

static void backward(tape *t, tape_node *n) {
    op_unary_backward(t, n, tape_kernels(t)->gelu_backward);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_gelu(t, in[0]);
}

static const op_case cases[] = {
    {"rows", 1, {{3, 11, -3, 3, 0}}, build, false},
    {"one", 1, {{1, 1, -1, 1, 0}}, build, false},
    {0},
};

const op_def op_gelu_def = {"gelu", op_shape_as_first, forward, backward, cases, NULL};

tape_node *op_gelu(tape *t, tape_node *x) {
    return op_apply(t, &op_gelu_def, &x, 1, NULL, 0);
}
