/* Rows of length one: y = x / max(|x|, 1e-12).
 *   in:    x [R,H]
 *   out:   y [R,H]
 *   saved: 1 / max(|x|, 1e-12) of each row [R]
 *   dx = (dy - y (y . dy)) / |x|; below the limit the length is a constant: dx = dy / 1e-12. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static const double SHORTEST = 1e-12;

typedef struct row_job {
    const kernel_table *kernels;
    const tape_node *node;
    const real *x;
    real *y, *inverse, *dx;
} row_job;

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_as_first(t, n))
        return false;
    if (!base_size_mul(n->rows, sizeof(real), &n->saved_bytes))
        return op_fail(t, n, "%zu rows are more than memory can hold", n->rows);
    return true;
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    size_t cols = j->node->cols;
    for (size_t r = begin; r < end; r++) {
        real *y = j->y + r * cols;
        double length = sqrt(j->kernels->sum_squares(cols, j->x + r * cols));
        real inverse = REAL(1 / (length < SHORTEST ? SHORTEST : length));
        memcpy(y, j->x + r * cols, cols * sizeof *y);
        j->kernels->scale(cols, inverse, y);
        if (j->inverse)
            j->inverse[r] = inverse;
    }
}

static void forward(tape *t, tape_node *n) {
    row_job job = {tape_kernels(t), n, n->in[0]->value, n->value, n->saved, NULL};
    op_over_rows(n->rows, n->cols, forward_rows, &job);
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    size_t cols = j->node->cols;
    for (size_t r = begin; r < end; r++) {
        const real *dy = op_upstream(j->node) + r * cols, *y = j->y + r * cols;
        real inverse = j->inverse[r];
        bool constant = inverse >= REAL(1 / SHORTEST);
        real along = constant ? 0 : j->kernels->dot(cols, y, dy);
        j->kernels->axpy(cols, inverse, dy, j->dx + r * cols);
        j->kernels->axpy(cols, -inverse * along, y, j->dx + r * cols);
    }
}

static void backward(tape *t, tape_node *n) {
    row_job job = {tape_kernels(t), n, NULL, n->value, n->saved, op_grad(t, n->in[0])};
    if (job.dx)
        op_over_rows(n->rows, n->cols, backward_rows, &job);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_normalize(t, in[0]);
}

static const op_case cases[] = {
    {.name = "rows", .in = {{.rows = 4, .cols = 7}}, .build = build},
    {.name = "one column", .in = {{.rows = 3, .cols = 1, .gap = 0.2}}, .build = build},
    {.name = "long rows", .in = {{.rows = 2, .cols = 37}}, .build = build},
    {0},
};

const op_def op_normalize_def = {
    .name = "normalize", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_normalize(tape *t, tape_node *x) {
    return op_apply(t, &op_normalize_def, &x, 1, NULL, 0);
}
