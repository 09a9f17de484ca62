/* Pairs in the wrong order: y = log(1 + sum over i, j with order[i] < order[j] of e^(x[i] - x[j])),
 * the largest difference taken off first, in double, pairs in order; R^2 steps.
 *   in:    x [R,1]; order, R numbers
 *   out:   y [1,1]
 *   saved: y as a double
 *   dx[i] += dy p, dx[j] -= dy p for each such pair, p = e^(x[i] - x[j] - y). */
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

static const double *order_of(const tape_node *n) {
    return *(const double *const *)n->attr;
}

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_scalar(t, n))
        return false;
    if (n->in[0]->cols != 1)
        return op_fail(t, n, "x has %zu columns, expected 1", n->in[0]->cols);
    n->saved_bytes = sizeof(double);
    return order_of(n) ? true : op_fail(t, n, "the order is missing");
}

static double largest_difference(const tape_node *x, const double *order) {
    double most = 0;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->rows; j++)
            if (order[i] < order[j])
                most = fmax(most, (double)x->value[i] - (double)x->value[j]);
    return most;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *x = n->in[0];
    const double *order = order_of(n);
    double most = largest_difference(x, order), sum = exp(-most);
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->rows; j++)
            if (order[i] < order[j])
                sum += exp((double)x->value[i] - (double)x->value[j] - most);
    double y = most + log(sum);
    if (n->saved)
        *(double *)n->saved = y;
    n->value[0] = REAL(y);
}

static void backward(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    const double *order = order_of(n), y = *(const double *)n->saved;
    real *dx = op_grad(t, n->in[0]), dy = op_upstream(n)[0];
    double *slope = dx ? op_scratch(t, x->rows * sizeof *slope) : NULL;
    if (!slope)
        return;
    for (size_t i = 0; i < x->rows; i++)
        slope[i] = 0;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->rows; j++)
            if (order[i] < order[j]) {
                double p = exp((double)x->value[i] - (double)x->value[j] - y);
                slope[i] += p;
                slope[j] -= p;
            }
    for (size_t i = 0; i < x->rows; i++)
        dx[i] += dy * REAL(slope[i]);
}

static tape_node *build(tape *t, tape_node **in) {
    static const double order[] = {0.5, -1, 2, 0.5, 0.25, 1};
    return op_ranking(t, in[0], order);
}

static tape_node *build_equal(tape *t, tape_node **in) {
    static const double order[] = {1, 1, 1, 1, 1, 1};
    return op_ranking(t, in[0], order);
}

static const op_case cases[] = {
    {.name = "ties", .in = {{.rows = 6, .cols = 1}}, .build = build},
    {.name = "far apart", .in = {{.rows = 6, .cols = 1, .low = -20, .high = 20}}, .build = build},
    {.name = "no order", .in = {{.rows = 6, .cols = 1}}, .build = build_equal},
    {0},
};

static double scratch(const op_bounds *b) {
    return (double)b->rows * sizeof(double);
}

const op_def op_ranking_def = {.name = "ranking",
                               .shape = shape,
                               .forward = forward,
                               .backward = backward,
                               .cases = cases,
                               .scratch = scratch};

tape_node *op_ranking(tape *t, tape_node *x, const double *order) {
    return op_apply(t, &op_ranking_def, &x, 1, &order, sizeof order);
}
