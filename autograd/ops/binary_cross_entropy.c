/* Binary cross-entropy of logits, summed in order in double: y = mean over i of
 * log(1 + e^x[i]) - target[i] x[i], as max(x, 0) - target x + log(1 + e^-|x|).
 *   in:    x [R,C]; target, R * C numbers in 0..1
 *   out:   y [1,1]
 *   saved: nothing
 *   dx[i] = dy (1 / (1 + e^-x[i]) - target[i]) / (R C). */
#include "autograd/helpers/targets.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

static double term(double x, double target) {
    return fmax(x, 0) - target * x + log1p(exp(-fabs(x)));
}

static double slope(double x, double target) {
    return 1 / (1 + exp(-x)) - target;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    op_mean_of_terms(n, term);
}

static void backward(tape *t, tape_node *n) {
    op_mean_of_slopes(t, n, slope);
}

static tape_node *build(tape *t, tape_node **in) {
    static const double target[] = {0.5, 0, 1, 0.75, 0.25, 1};
    return op_binary_cross_entropy(t, in[0], target);
}

static const op_case cases[] = {
    {.name = "matrix", .in = {{.rows = 2, .cols = 3}}, .build = build},
    {.name = "far", .in = {{.rows = 2, .cols = 3, .low = -20, .high = 20}}, .build = build},
    {0},
};

const op_def op_binary_cross_entropy_def = {.name = "binary_cross_entropy",
                                            .shape = op_shape_targets,
                                            .forward = forward,
                                            .backward = backward,
                                            .cases = cases};

tape_node *op_binary_cross_entropy(tape *t, tape_node *x, const double *target) {
    return op_apply(t, &op_binary_cross_entropy_def, &x, 1, &target, sizeof target);
}
