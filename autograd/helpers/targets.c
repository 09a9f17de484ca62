#include "autograd/helpers/targets.h"

#include "autograd/helpers/shapes.h"

static const double *target_of(const tape_node *n) {
    return *(const double *const *)n->attr;
}

bool op_shape_targets(tape *t, tape_node *n) {
    if (!op_shape_scalar(t, n))
        return false;
    return target_of(n) ? true : op_fail(t, n, "the targets are missing");
}

void op_mean_of_terms(tape_node *n, op_target_function *term) {
    const tape_node *x = n->in[0];
    const double *target = target_of(n);
    size_t size = x->rows * x->cols;
    double sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += term((double)x->value[i], target[i]);
    n->value[0] = REAL(sum / (double)size);
}

void op_mean_of_slopes(tape *t, tape_node *n, op_target_function *slope) {
    const tape_node *x = n->in[0];
    const double *target = target_of(n);
    real *dx = op_grad(t, n->in[0]);
    size_t size = x->rows * x->cols;
    double factor = (double)op_upstream(n)[0] / (double)size;
    for (size_t i = 0; dx && i < size; i++)
        dx[i] += REAL(factor * slope((double)x->value[i], target[i]));
}
