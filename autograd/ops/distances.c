/* Euclidean distances of all rows of two matrices: y[i,j] = |a[i] - c[j]|, of the differences and
 * not of products, which would lose the small ones.
 *   in:    a [B,H], c [C,H]
 *   out:   y [B,C]
 *   saved: nothing
 *   da[i] += dy[i,j] (a[i] - c[j]) / y[i,j], dc[j] likewise with a and c exchanged; 0 where y is 0.
 */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>

typedef struct row_job {
    const tape_node *node;
    size_t side; /* 0: rows of a, 1: of c */
    real *dx;
} row_job;

static double distance(size_t cols, const real *a, const real *c) {
    double sum = 0;
    for (size_t i = 0; i < cols; i++) {
        double d = (double)a[i] - (double)c[i];
        sum += d * d;
    }
    return sqrt(sum);
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const tape_node *n = ((const row_job *)context)->node, *a = n->in[0], *c = n->in[1];
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < c->rows; j++)
            n->value[i * n->cols + j] =
                REAL(distance(a->cols, a->value + i * a->cols, c->value + j * c->cols));
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    row_job job = {.node = n};
    op_over_rows(n->rows, n->cols * n->in[0]->cols, forward_rows, &job);
}

/* dx += factor (x - other) */
static void add(size_t cols, real factor, const real *x, const real *other, real *dx) {
    for (size_t h = 0; h < cols; h++)
        dx[h] += factor * (x[h] - other[h]);
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const row_job *job = context;
    const tape_node *n = job->node, *x = n->in[job->side], *other = n->in[1 - job->side];
    const real *dy = op_upstream(n);
    size_t cols = x->cols;
    for (size_t r = begin; r < end; r++)
        for (size_t o = 0; o < other->rows; o++) {
            size_t at = job->side ? o * n->cols + r : r * n->cols + o;
            if (n->value[at] > 0 && (dy[at] < 0 || dy[at] > 0))
                add(cols, dy[at] / n->value[at], x->value + r * cols, other->value + o * cols,
                    job->dx + r * cols);
        }
}

static void backward(tape *t, tape_node *n) {
    for (size_t side = 0; side < 2; side++) {
        row_job job = {n, side, op_grad(t, n->in[side])};
        if (job.dx)
            op_over_rows(n->in[side]->rows, n->in[1 - side]->rows * n->in[0]->cols, backward_rows,
                         &job);
    }
}

static tape_node *build_two(tape *t, tape_node **in) {
    return op_distances(t, in[0], in[1]);
}

static tape_node *build_self(tape *t, tape_node **in) {
    return op_distances(t, in[0], in[0]);
}

static const op_case cases[] = {
    {.name = "two sets",
     .in = {{.rows = 4, .cols = 5}, {.rows = 3, .cols = 5}},
     .build = build_two},
    {.name = "long rows",
     .in = {{.rows = 2, .cols = 37}, {.rows = 2, .cols = 37}},
     .build = build_two},
    {.name = "one set with itself", .in = {{.rows = 3, .cols = 4}}, .build = build_self},
    {0},
};

const op_def op_distances_def = {.name = "distances",
                                 .shape = op_shape_all_rows,
                                 .forward = forward,
                                 .backward = backward,
                                 .cases = cases};

tape_node *op_distances(tape *t, tape_node *a, tape_node *c) {
    return op_apply(t, &op_distances_def, (tape_node *[]){a, c}, 2, NULL, 0);
}
