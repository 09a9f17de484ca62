/* Activations, element by element: y = f(x).
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = dy f'(x), computed again from x.
 * gelu: x Phi(x); gelu_tanh: its approximation x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2
 * (Hendrycks & Gimpel 2016, section 2); relu: max(x, 0), with derivative 0 at 0; silu:
 * x / (1 + e^-x) (the same, section 2); tanh. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/ops/ops.h"

typedef void activation(size_t n, const real *x, real *y);
typedef void derivative(size_t n, const real *x, const real *dy, real beta, real *dx);

typedef struct element_job {
    activation *f;
    derivative *slope;
    const real *x, *dy;
    real beta, *out;
} element_job;

static void forward_range(void *context, size_t begin, size_t end) {
    const element_job *j = context;
    j->f(end - begin, j->x + begin, j->out + begin);
}

static void forward(tape_node *n, activation *f) {
    element_job job = {.f = f, .x = n->in[0]->value, .out = n->value};
    op_over_rows(n->rows * n->cols, 1, forward_range, &job);
}

static void backward_range(void *context, size_t begin, size_t end) {
    const element_job *j = context;
    j->slope(end - begin, j->x + begin, j->dy + begin, j->beta, j->out + begin);
}

static void backward(tape *t, tape_node *n, derivative *slope) {
    element_job job = {.slope = slope, .x = n->in[0]->value, .dy = op_upstream(n)};
    job.out = op_grad_write(t, n->in[0], &job.beta);
    if (job.out)
        op_over_rows(n->rows * n->cols, 1, backward_range, &job);
}

/* `away`: how far from 0 the judge's inputs stay. */
#define ACTIVATION(f, away)                                                                        \
    static void forward_##f(tape *t, tape_node *n) {                                               \
        forward(n, tape_kernels(t)->f);                                                            \
    }                                                                                              \
    static void backward_##f(tape *t, tape_node *n) {                                              \
        backward(t, n, tape_kernels(t)->f##_backward);                                             \
    }                                                                                              \
    static tape_node *build_##f(tape *t, tape_node **in) {                                         \
        return op_##f(t, in[0]);                                                                   \
    }                                                                                              \
    static const op_case cases_##f[] = {                                                           \
        {.name = "rows",                                                                           \
         .in = {{.rows = 3, .cols = 11, .low = -3, .high = 3, .gap = away}},                       \
         .build = build_##f},                                                                      \
        {.name = "one", .in = {{.rows = 1, .cols = 1, .gap = away}}, .build = build_##f},          \
        {0},                                                                                       \
    };                                                                                             \
    const op_def op_##f##_def = {.name = #f,                                                       \
                                 .shape = op_shape_as_first,                                       \
                                 .forward = forward_##f,                                           \
                                 .backward = backward_##f,                                         \
                                 .cases = cases_##f};                                              \
    tape_node *op_##f(tape *t, tape_node *x) {                                                     \
        return op_apply(t, &op_##f##_def, &x, 1, NULL, 0);                                         \
    }

ACTIVATION(gelu, 0)
ACTIVATION(gelu_tanh, 0)
ACTIVATION(relu, 0.1)
ACTIVATION(silu, 0)
ACTIVATION(tanh, 0)
