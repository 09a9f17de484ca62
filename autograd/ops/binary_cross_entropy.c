/* Binary cross-entropy of logits, summed in order in double: y = mean over i of
 * log(1 + e^x[i]) - target[i] x[i], as max(x, 0) - target x + log(1 + e^-|x|).
 *   in:    x [R,C]; target, R * C numbers in 0..1
 *   out:   y [1,1]
 *   saved: nothing
 *   dx[i] = dy (1 / (1 + e^-x[i]) - target[i]) / (R C). */
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

static const double *target_of(const tape_node *n) {
    return *(const double *const *)n->attr;
}

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_scalar(t, n))
        return false;
    return target_of(n) ? true : op_fail(t, n, "the targets are missing");
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *x = n->in[0];
    const double *target = target_of(n);
    size_t size = x->rows * x->cols;
    double sum = 0;
    for (size_t i = 0; i < size; i++) {
        double z = (double)x->value[i];
        sum += fmax(z, 0) - target[i] * z + log1p(exp(-fabs(z)));
    }
    n->value[0] = REAL(sum / (double)size);
}

static void backward(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    const double *target = target_of(n);
    real *dx = op_grad(t, n->in[0]);
    if (!dx)
        return;
    size_t size = x->rows * x->cols;
    double factor = (double)op_upstream(n)[0] / (double)size;
    for (size_t i = 0; i < size; i++)
        dx[i] += REAL(factor * (1 / (1 + exp(-(double)x->value[i])) - target[i]));
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
                                            .shape = shape,
                                            .forward = forward,
                                            .backward = backward,
                                            .cases = cases};

tape_node *op_binary_cross_entropy(tape *t, tape_node *x, const double *target) {
    return op_apply(t, &op_binary_cross_entropy_def, &x, 1, &target, sizeof target);
}
