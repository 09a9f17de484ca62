/* Distances of the rows of two matrices, row by row, with d = a[r] - b[r].
 *   in:    a [B,H], b [B,H]
 *   out:   y [B,1]
 *   saved: for cosine 1 / |a[r]| and 1 / |b[r]|, 0 for a row of zeros [B,2]
 *   Euclidean: y = |d|, da = dy d / y; 0 where y is 0.
 *   Manhattan: y = sum of |d[h]|, da[h] = dy sign(d[h]), sign(0) = 0.
 *   Cosine: y = 1 - c, c = a.b / (|a| |b|), da = dy (c a / |a| - b / |b|) / |a|. With a row of
 * zeros c is 0, and neither row gets a gradient. db likewise, with a and b exchanged. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

#include <math.h>

/* A row of a and b; `inverse`: 1 / length of each, where it is kept. */
typedef struct row {
    const kernel_table *kernels;
    size_t cols;
    const real *a, *b;
    real *inverse;
} row;

static real euclidean(const row *r) {
    double sum = 0;
    for (size_t i = 0; i < r->cols; i++) {
        double d = (double)r->a[i] - (double)r->b[i];
        sum += d * d;
    }
    return REAL(sqrt(sum));
}

static real manhattan(const row *r) {
    double sum = 0;
    for (size_t i = 0; i < r->cols; i++)
        sum += fabs((double)r->a[i] - (double)r->b[i]);
    return REAL(sum);
}

static double inverse_length(const row *r, const real *x) {
    double squares = r->kernels->sum_squares(r->cols, x);
    return squares > 0 ? 1 / sqrt(squares) : 0;
}

static real cosine(const row *r) {
    double a = inverse_length(r, r->a), b = inverse_length(r, r->b), dot = 0;
    for (size_t i = 0; i < r->cols; i++)
        dot += (double)r->a[i] * (double)r->b[i];
    if (r->inverse) {
        r->inverse[0] = REAL(a);
        r->inverse[1] = REAL(b);
    }
    return REAL(1 - dot * a * b);
}

/* dx += for input `side` (0: a, 1: b) of a row whose distance is y. */
typedef void slope(const row *r, size_t side, real y, real dy, real *dx);

static void euclidean_slope(const row *r, size_t side, real y, real dy, real *dx) {
    real factor = y > 0 ? (side ? -dy : dy) / y : 0;
    for (size_t i = 0; i < r->cols; i++)
        dx[i] += factor * (r->a[i] - r->b[i]);
}

static void manhattan_slope(const row *r, size_t side, real y, real dy, real *dx) {
    (void)y;
    real up = side ? -dy : dy;
    for (size_t i = 0; i < r->cols; i++)
        dx[i] += r->a[i] > r->b[i] ? up : r->a[i] < r->b[i] ? -up : 0;
}

static void cosine_slope(const row *r, size_t side, real y, real dy, real *dx) {
    const real *x = side ? r->b : r->a, *other = side ? r->a : r->b;
    real own = r->inverse[side], others = r->inverse[1 - side];
    if (own * others == 0)
        return;
    r->kernels->axpy(r->cols, dy * (1 - y) * own * own, x, dx);
    r->kernels->axpy(r->cols, -dy * own * others, other, dx);
}

static const struct metric {
    real (*distance)(const row *r);
    slope *slope;
    size_t saved; /* numbers a row */
} metrics[OP_DISTANCES] = {
    [OP_DISTANCE_EUCLIDEAN] = {euclidean, euclidean_slope, 0},
    [OP_DISTANCE_COSINE] = {cosine, cosine_slope, 2},
    [OP_DISTANCE_MANHATTAN] = {manhattan, manhattan_slope, 0},
};

typedef struct row_job {
    const kernel_table *kernels;
    const tape_node *node;
    const struct metric *metric;
    size_t side;
    real *dx;
} row_job;

static const struct metric *metric_of(const tape_node *n) {
    return &metrics[*(const op_distance *)n->attr];
}

static row row_at(const row_job *j, size_t r) {
    const tape_node *n = j->node;
    size_t cols = n->in[0]->cols;
    real *saved = n->saved;
    return (row){j->kernels, cols, n->in[0]->value + r * cols, n->in[1]->value + r * cols,
                 saved ? saved + 2 * r : NULL};
}

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_as_both(t, n, "a", "b"))
        return false;
    n->cols = 1;
    if (!base_size_mul(n->rows, metric_of(n)->saved * sizeof(real), &n->saved_bytes))
        return op_fail(t, n, "%zu rows are more than memory can hold", n->rows);
    return true;
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    for (size_t r = begin; r < end; r++) {
        row at = row_at(j, r);
        j->node->value[r] = j->metric->distance(&at);
    }
}

static void forward(tape *t, tape_node *n) {
    row_job job = {.kernels = tape_kernels(t), .node = n, .metric = metric_of(n)};
    op_over_rows(n->rows, n->in[0]->cols, forward_rows, &job);
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    const tape_node *n = j->node;
    for (size_t r = begin; r < end; r++) {
        row at = row_at(j, r);
        j->metric->slope(&at, j->side, n->value[r], op_upstream(n)[r], j->dx + r * at.cols);
    }
}

static void backward(tape *t, tape_node *n) {
    for (size_t side = 0; side < 2; side++) {
        row_job job = {tape_kernels(t), n, metric_of(n), side, op_grad(t, n->in[side])};
        if (job.dx)
            op_over_rows(n->rows, n->in[0]->cols, backward_rows, &job);
    }
}

#define BUILD(name, distance)                                                                      \
    static tape_node *build_##name(tape *t, tape_node **in) {                                      \
        return op_row_distance(t, in[0], in[1], distance);                                         \
    }
BUILD(euclidean, OP_DISTANCE_EUCLIDEAN)
BUILD(cosine, OP_DISTANCE_COSINE)
BUILD(manhattan, OP_DISTANCE_MANHATTAN)

static tape_node *build_equal(tape *t, tape_node **in) {
    return op_add(t, op_row_distance(t, in[0], in[0], OP_DISTANCE_EUCLIDEAN),
                  op_row_distance(t, in[0], in[0], OP_DISTANCE_MANHATTAN));
}

/* a above b, so that no difference is near its kink. */
#define ABOVE(width)                                                                               \
    {                                                                                              \
        {.rows = 3, .cols = width, .low = 0.2, .high = 1}, {                                       \
            .rows = 3, .cols = width, .low = -1, .high = -0.2                                      \
        }                                                                                          \
    }

static const op_case cases[] = {
    {.name = "euclidean", .in = ABOVE(5), .build = build_euclidean},
    {.name = "euclidean, long rows", .in = ABOVE(37), .build = build_euclidean},
    {.name = "cosine",
     .in = {{.rows = 4, .cols = 5}, {.rows = 4, .cols = 5}},
     .build = build_cosine},
    {.name = "cosine, long rows", .in = ABOVE(37), .build = build_cosine},
    {.name = "manhattan", .in = ABOVE(5), .build = build_manhattan},
    {.name = "a equals b", .in = {{.rows = 2, .cols = 3}}, .build = build_equal},
    {0},
};

const op_def op_row_distance_def = {.name = "row_distance",
                                    .shape = shape,
                                    .forward = forward,
                                    .backward = backward,
                                    .cases = cases};

tape_node *op_row_distance(tape *t, tape_node *a, tape_node *b, op_distance distance) {
    return op_apply(t, &op_row_distance_def, (tape_node *[]){a, b}, 2, &distance, sizeof distance);
}
