/* Cross-entropy of a softmax: y = mean over rows of log(sum over c of exp(x[c])) - x[label], with
 * the row's largest x taken off first. With smoothing s in place of x[label] stands
 * (1 - s) x[label] + s mean(x) (Szegedy et al. 2016, section 7, as PyTorch has it: every class,
 * also the right one, gets s / C).
 *   in:    x [B,C], C >= 1; labels, B numbers below C, or NULL: row r has label r
 *   out:   y [1,1]
 *   saved: softmax(x) [B,C]
 *   dx = dy (softmax(x) - (1 - s) onehot(label) - s / C) / B. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

typedef struct target {
    const uint32_t *labels;
    double smoothing;
} target;

typedef struct row_job {
    const kernel_table *kernels;
    const tape_node *x;
    target target;
    real *softmax, *dx, factor;
    double *loss; /* [B] */
} row_job;

static const target *target_of(const tape_node *n) {
    return n->attr;
}

static size_t label_of(const target *t, size_t row) {
    return t->labels ? t->labels[row] : row;
}

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_scalar(t, n))
        return false;
    const tape_node *x = n->in[0];
    for (size_t r = 0; r < x->rows; r++)
        if (label_of(target_of(n), r) >= x->cols)
            return op_fail(t, n, "label %zu of row %zu, expected one below the %zu columns",
                           label_of(target_of(n), r), r, x->cols);
    n->saved_bytes = x->rows * x->cols * sizeof(real);
    return true;
}

/* How far below `top` the number lies that the target picks out of a row. */
static double below(const row_job *j, const real *x, size_t row, real top) {
    double s = j->target.smoothing, right = (double)(top - x[label_of(&j->target, row)]), all = 0;
    if (!(s > 0))
        return right; /* also where other logits are infinite */
    for (size_t c = 0; c < j->x->cols; c++)
        all += (double)(top - x[c]);
    return (1 - s) * right + s * all / (double)j->x->cols;
}

/* In double, and not by the vector kernels: of a confident row's loss only the last digits of the
 * sum are left, and logits are few. */
static void forward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    size_t cols = j->x->cols;
    for (size_t r = begin; r < end; r++) {
        const real *x = j->x->value + r * cols;
        real top = j->kernels->max(cols, x), *softmax = j->softmax ? j->softmax + r * cols : NULL;
        double sum = 0;
        for (size_t c = 0; c < cols; c++) {
            double e = exp((double)(x[c] - top));
            sum += e;
            if (softmax)
                softmax[c] = REAL(e);
        }
        j->loss[r] = log(sum) + below(j, x, r, top);
        if (softmax)
            j->kernels->scale(cols, REAL(1 / sum), softmax);
    }
}

static void forward(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    row_job job = {.kernels = tape_kernels(t),
                   .x = x,
                   .target = *target_of(n),
                   .softmax = n->saved,
                   .loss = op_scratch(t, x->rows * sizeof(double))};
    if (!job.loss)
        return;
    op_over_rows(x->rows, x->cols, forward_rows, &job);
    double sum = 0;
    for (size_t r = 0; r < x->rows; r++)
        sum += job.loss[r];
    n->value[0] = REAL(sum / (double)x->rows);
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    size_t cols = j->x->cols;
    double s = j->target.smoothing;
    real right = j->factor * REAL(1 - s), each = j->factor * REAL(s / (double)cols);
    for (size_t r = begin; r < end; r++) {
        j->kernels->axpy(cols, j->factor, j->softmax + r * cols, j->dx + r * cols);
        j->dx[r * cols + label_of(&j->target, r)] -= right;
        for (size_t c = 0; s > 0 && c < cols; c++)
            j->dx[r * cols + c] -= each;
    }
}

static void backward(tape *t, tape_node *n) {
    tape_node *x = n->in[0];
    row_job job = {.kernels = tape_kernels(t),
                   .x = x,
                   .target = *target_of(n),
                   .softmax = n->saved,
                   .dx = op_grad(t, x),
                   .factor = op_upstream(n)[0] / REAL(x->rows)};
    if (job.dx)
        op_over_rows(x->rows, x->cols, backward_rows, &job);
}

static tape_node *build(tape *t, tape_node **in) {
    static const uint32_t labels[] = {2, 0, 1, 2};
    return op_cross_entropy(t, in[0], labels);
}

static tape_node *build_diagonal(tape *t, tape_node **in) {
    return op_cross_entropy(t, in[0], NULL);
}

static tape_node *build_smoothed(tape *t, tape_node **in) {
    static const uint32_t labels[] = {2, 0, 1, 2};
    return op_cross_entropy_smoothed(t, in[0], labels, 0.3);
}

static const op_case cases[] = {
    {.name = "diagonal", .in = {{.rows = 3, .cols = 5}}, .build = build_diagonal},
    {.name = "classes", .in = {{.rows = 4, .cols = 3}}, .build = build},
    {.name = "many classes", .in = {{.rows = 4, .cols = 37}}, .build = build},
    {.name = "smoothed", .in = {{.rows = 4, .cols = 3}}, .build = build_smoothed},
    {.name = "far apart", .in = {{.rows = 2, .cols = 5, .low = -20, .high = 20}}, .build = build},
    {0},
};

static double scratch(const op_bounds *b) {
    return (double)b->rows * sizeof(double);
}

const op_def op_cross_entropy_def = {.name = "cross_entropy",
                                     .shape = shape,
                                     .forward = forward,
                                     .backward = backward,
                                     .cases = cases,
                                     .scratch = scratch};

tape_node *op_cross_entropy(tape *t, tape_node *logits, const uint32_t *labels) {
    return op_cross_entropy_smoothed(t, logits, labels, 0);
}

tape_node *op_cross_entropy_smoothed(tape *t, tape_node *logits, const uint32_t *labels,
                                     double smoothing) {
    target attr = {labels, smoothing};
    return op_apply(t, &op_cross_entropy_def, &logits, 1, &attr, sizeof attr);
}
