/* Mean squared error, summed in order in double: y = mean over i of (x[i] - target[i])^2.
 *   in:    x [R,C]; target, R * C numbers
 *   out:   y [1,1]
 *   saved: nothing
 *   dx[i] = dy 2 (x[i] - target[i]) / (R C). */
#include "autograd/helpers/targets.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

static double term(double x, double target) {
    return (x - target) * (x - target);
}

static double slope(double x, double target) {
    return 2 * (x - target);
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    op_mean_of_terms(n, term);
}

static void backward(tape *t, tape_node *n) {
    op_mean_of_slopes(t, n, slope);
}

static tape_node *build(tape *t, tape_node **in) {
    static const double target[] = {0.5, -1, 2, 0, 0.25, 1};
    return op_mean_squared_error(t, in[0], target);
}

static const op_case cases[] = {
    {.name = "matrix", .in = {{.rows = 2, .cols = 3}}, .build = build},
    {0},
};

const op_def op_mean_squared_error_def = {.name = "mean_squared_error",
                                          .shape = op_shape_targets,
                                          .forward = forward,
                                          .backward = backward,
                                          .cases = cases};

tape_node *op_mean_squared_error(tape *t, tape_node *x, const double *target) {
    return op_apply(t, &op_mean_squared_error_def, &x, 1, &target, sizeof target);
}
