/* Softmax of each row, y = e^x / sum e^x, and its logarithm.
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   softmax: dx = y (dy - <y, dy>); its logarithm: dx = dy - e^y sum dy. Sums in double, in order.
 */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

typedef struct row_job {
    const tape_node *node;
    const real *dy;
    real *dx;
    bool logarithm;
} row_job;

/* log sum e^x, of the row's largest on */
static double log_sum(const real *x, size_t n) {
    double most = (double)x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        most = fmax(most, (double)x[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - most);
    return most + log(sum);
}

static void forward_range(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    size_t cols = j->node->cols;
    for (size_t r = begin; r < end; r++) {
        const real *x = j->node->in[0]->value + r * cols;
        real *y = j->node->value + r * cols;
        double all = log_sum(x, cols);
        for (size_t c = 0; c < cols; c++)
            y[c] = REAL(j->logarithm ? (double)x[c] - all : exp((double)x[c] - all));
    }
}

static void forward(tape_node *n, bool logarithm) {
    row_job job = {.node = n, .logarithm = logarithm};
    op_over_rows(n->rows, n->cols, forward_range, &job);
}

static void backward_range(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    size_t cols = j->node->cols;
    for (size_t r = begin; r < end; r++) {
        const real *y = j->node->value + r * cols, *dy = j->dy + r * cols;
        real *dx = j->dx + r * cols;
        double sum = 0;
        for (size_t c = 0; c < cols; c++)
            sum += (double)dy[c] * (j->logarithm ? 1 : (double)y[c]);
        for (size_t c = 0; c < cols; c++)
            dx[c] += REAL(j->logarithm ? (double)dy[c] - exp((double)y[c]) * sum
                                       : (double)y[c] * ((double)dy[c] - sum));
    }
}

static void backward(tape *t, tape_node *n, bool logarithm) {
    row_job job = {.node = n, .dy = op_upstream(n), .logarithm = logarithm};
    job.dx = op_grad(t, n->in[0]);
    if (job.dx)
        op_over_rows(n->rows, n->cols, backward_range, &job);
}

#define SOFTMAX(f, logarithm)                                                                      \
    static void forward_##f(tape *t, tape_node *n) {                                               \
        (void)t;                                                                                   \
        forward(n, logarithm);                                                                     \
    }                                                                                              \
    static void backward_##f(tape *t, tape_node *n) {                                              \
        backward(t, n, logarithm);                                                                 \
    }                                                                                              \
    static tape_node *build_##f(tape *t, tape_node **in) {                                         \
        return op_##f(t, in[0]);                                                                   \
    }                                                                                              \
    static const op_case cases_##f[] = {                                                           \
        {.name = "rows",                                                                           \
         .in = {{.rows = 3, .cols = 11, .low = -3, .high = 3}},                                    \
         .build = build_##f},                                                                      \
        {.name = "one", .in = {{.rows = 2, .cols = 1}}, .build = build_##f},                       \
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

SOFTMAX(softmax, false)
SOFTMAX(log_softmax, true)
