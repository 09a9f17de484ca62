/* The activations of torch.nn that are no kernels, element by element: y = f(x), in double.
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = dy f'(x), computed again from x; at a kink as PyTorch has it.
 * Formulas: torch.nn's documentation, with its default parameters; elu: Clevert et al. 2016; selu:
 * Klambauer et al. 2017; mish: Misra 2020. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

/* ---- f and f' ---- */

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

static double sigmoid_slope(double x) {
    return sigmoid(x) * sigmoid(-x);
}

static double leaky_relu(double x) {
    return x > 0 ? x : 0.01 * x;
}

static double leaky_relu_slope(double x) {
    return x > 0 ? 1 : 0.01;
}

static double elu(double x) {
    return x > 0 ? x : expm1(x);
}

static double elu_slope(double x) {
    return x > 0 ? 1 : exp(x);
}

static const double selu_scale = 1.0507009873554805, selu_alpha = 1.6732632423543772;

static double selu(double x) {
    return selu_scale * (x > 0 ? x : selu_alpha * expm1(x));
}

static double selu_slope(double x) {
    return selu_scale * (x > 0 ? 1 : selu_alpha * exp(x));
}

/* x itself from 20 on */
static double softplus(double x) {
    return x > 20 ? x : log1p(exp(x));
}

static double softplus_slope(double x) {
    return x > 20 ? 1 : sigmoid(x);
}

static double log_sigmoid(double x) {
    return fmin(x, 0) - log1p(exp(-fabs(x)));
}

static double log_sigmoid_slope(double x) {
    return sigmoid(-x);
}

static double mish(double x) {
    return x * tanh(softplus(x));
}

static double mish_slope(double x) {
    double t = tanh(softplus(x));
    return t + x * sigmoid(x) * (1 - t * t);
}

static double softsign(double x) {
    return x / (1 + fabs(x));
}

static double softsign_slope(double x) {
    return 1 / ((1 + fabs(x)) * (1 + fabs(x)));
}

static double tanhshrink(double x) {
    return x - tanh(x);
}

static double tanhshrink_slope(double x) {
    return tanh(x) * tanh(x);
}

static double hardshrink(double x) {
    return fabs(x) <= 0.5 ? 0 : x;
}

static double hardshrink_slope(double x) {
    return fabs(x) > 0.5;
}

static double softshrink(double x) {
    return fabs(x) <= 0.5 ? 0 : x - copysign(0.5, x);
}

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

static double relu6(double x) {
    return clamp(x, 0, 6);
}

static double relu6_slope(double x) {
    return x > 0 && x < 6;
}

static double hardtanh(double x) {
    return clamp(x, -1, 1);
}

static double hardtanh_slope(double x) {
    return fabs(x) < 1;
}

static double hardsigmoid(double x) {
    return clamp(x + 3, 0, 6) / 6;
}

static double hardsigmoid_slope(double x) {
    return fabs(x) < 3 ? 1.0 / 6 : 0;
}

static double hardswish(double x) {
    return x * hardsigmoid(x);
}

static double hardswish_slope(double x) {
    return x <= -3 ? 0 : x < 3 ? x / 3 + 0.5 : 1;
}

/* ---- the operators ---- */

typedef double function(double x);

typedef struct element_job {
    function *f;
    const real *x, *dy; /* dy: NULL in forward */
    real *out;
} element_job;

static void apply_range(void *context, size_t begin, size_t end) {
    const element_job *j = context;
    for (size_t i = begin; i < end; i++)
        j->out[i] = REAL(j->f((double)j->x[i]));
}

static void forward(tape_node *n, function *f) {
    element_job job = {.f = f, .x = n->in[0]->value, .out = n->value};
    op_over_rows(n->rows * n->cols, 1, apply_range, &job);
}

static void add_range(void *context, size_t begin, size_t end) {
    const element_job *j = context;
    for (size_t i = begin; i < end; i++)
        j->out[i] += j->dy[i] * REAL(j->f((double)j->x[i]));
}

static void backward(tape *t, tape_node *n, function *slope) {
    element_job job = {.f = slope, .x = n->in[0]->value, .dy = op_upstream(n)};
    job.out = op_grad(t, n->in[0]);
    if (job.out)
        op_over_rows(n->rows * n->cols, 1, add_range, &job);
}

/* Inputs of a case; none is at a kink. */
#define FROM(f, from, to)                                                                          \
    {                                                                                              \
        .name = #from " to " #to, .in = {{.rows = 3, .cols = 11, .low = from, .high = to}},        \
        .build = build_##f                                                                         \
    }

#define ELEMENTWISE(f, slope, ...)                                                                 \
    static void forward_##f(tape *t, tape_node *n) {                                               \
        (void)t;                                                                                   \
        forward(n, f);                                                                             \
    }                                                                                              \
    static void backward_##f(tape *t, tape_node *n) {                                              \
        backward(t, n, slope);                                                                     \
    }                                                                                              \
    static tape_node *build_##f(tape *t, tape_node **in) {                                         \
        return op_##f(t, in[0]);                                                                   \
    }                                                                                              \
    static const op_case cases_##f[] = {__VA_ARGS__, {0}};                                         \
    const op_def op_##f##_def = {.name = #f,                                                       \
                                 .shape = op_shape_as_first,                                       \
                                 .forward = forward_##f,                                           \
                                 .backward = backward_##f,                                         \
                                 .cases = cases_##f};                                              \
    tape_node *op_##f(tape *t, tape_node *x) {                                                     \
        return op_apply(t, &op_##f##_def, &x, 1, NULL, 0);                                         \
    }

ELEMENTWISE(sigmoid, sigmoid_slope, FROM(sigmoid, -6, 6))
ELEMENTWISE(leaky_relu, leaky_relu_slope, FROM(leaky_relu, -3, -0.1), FROM(leaky_relu, 0.1, 3))
ELEMENTWISE(elu, elu_slope, FROM(elu, -3, -0.1), FROM(elu, 0.1, 3))
ELEMENTWISE(selu, selu_slope, FROM(selu, -3, -0.1), FROM(selu, 0.1, 3))
ELEMENTWISE(softplus, softplus_slope, FROM(softplus, -6, 6), FROM(softplus, 21, 30))
ELEMENTWISE(log_sigmoid, log_sigmoid_slope, FROM(log_sigmoid, -6, -0.1), FROM(log_sigmoid, 0.1, 6))
ELEMENTWISE(mish, mish_slope, FROM(mish, -6, 6))
ELEMENTWISE(softsign, softsign_slope, FROM(softsign, -6, -0.1), FROM(softsign, 0.1, 6))
ELEMENTWISE(tanhshrink, tanhshrink_slope, FROM(tanhshrink, -3, 3))
ELEMENTWISE(hardshrink, hardshrink_slope, FROM(hardshrink, -3, -0.6), FROM(hardshrink, -0.4, 0.4),
            FROM(hardshrink, 0.6, 3))
ELEMENTWISE(softshrink, hardshrink_slope, FROM(softshrink, -3, -0.6), FROM(softshrink, -0.4, 0.4),
            FROM(softshrink, 0.6, 3))
ELEMENTWISE(relu6, relu6_slope, FROM(relu6, -3, -0.1), FROM(relu6, 0.1, 5.9), FROM(relu6, 6.1, 9))
ELEMENTWISE(hardtanh, hardtanh_slope, FROM(hardtanh, -3, -1.1), FROM(hardtanh, -0.9, 0.9),
            FROM(hardtanh, 1.1, 3))
ELEMENTWISE(hardsigmoid, hardsigmoid_slope, FROM(hardsigmoid, -5, -3.1),
            FROM(hardsigmoid, -2.9, 2.9), FROM(hardsigmoid, 3.1, 5))
ELEMENTWISE(hardswish, hardswish_slope, FROM(hardswish, -5, -3.1), FROM(hardswish, -2.9, 2.9),
            FROM(hardswish, 3.1, 5))
