/* A part of a weighted mean of K layers: y = sum over i < n of w[first + i] x_i / W, W the sum of w
 * (WeightedLayerPooling of sentence-transformers).
 *   in:    w [1,K], x_0 .. x_{n-1} [R,H]
 *   out:   y [R,H]
 *   saved: nothing
 *   dx_i = w[first + i] dy / W; dw[k] = (<dy, x_{k - first}> where x has it, else 0) / W - <dy, y>
 * / W. Dot products by rows, then the rows in order. */
#include "autograd/helpers/rows.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <string.h>

typedef struct settings {
    size_t first;
} settings;

typedef struct row_job {
    const kernel_table *kernels;
    size_t cols;
    real factor;
    const real *a, *b;
    real *to;
} row_job;

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *w = n->in[0], *x = n->inputs > 1 ? n->in[1] : NULL;
    if (!w || !x || w->rows != 1 || s->first + n->inputs - 1 > w->cols)
        return op_fail(t, n, "w is [%zu, %zu], expected at least [1, %zu]", w ? w->rows : 0,
                       w ? w->cols : 0, s->first + n->inputs - 1);
    for (size_t i = 2; i < n->inputs; i++)
        if (!n->in[i] || n->in[i]->rows != x->rows || n->in[i]->cols != x->cols)
            return op_fail(t, n, "layer %zu is not [%zu, %zu]", i - 1, x->rows, x->cols);
    n->rows = x->rows;
    n->cols = x->cols;
    return true;
}

static void add_range(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    j->kernels->axpy(end - begin, j->factor, j->a + begin, j->to + begin);
}

/* to += factor * from, all elements */
static void add(tape *t, const tape_node *n, real factor, const real *from, real *to) {
    row_job job = {.kernels = tape_kernels(t), .factor = factor, .a = from, .to = to};
    op_over_rows(n->rows * n->cols, 1, add_range, &job);
}

static real total(tape *t, const tape_node *w) {
    return tape_kernels(t)->sum(w->cols, w->value);
}

static void forward(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *w = n->in[0];
    real sum = total(t, w);
    memset(n->value, 0, n->rows * n->cols * sizeof *n->value);
    for (size_t i = 1; i < n->inputs; i++)
        add(t, n, w->value[s->first + i - 1] / sum, n->in[i]->value, n->value);
}

static void dot_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    for (size_t r = begin; r < end; r++)
        j->to[r] = j->kernels->dot(j->cols, j->a + r * j->cols, j->b + r * j->cols);
}

/* <dy, x>; `rows` is scratch */
static real product(tape *t, const tape_node *n, const real *x, real *rows) {
    row_job job = {
        .kernels = tape_kernels(t), .cols = n->cols, .a = op_upstream(n), .b = x, .to = rows};
    op_over_rows(n->rows, n->cols, dot_rows, &job);
    return job.kernels->sum(n->rows, rows);
}

static void backward(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *w = n->in[0];
    real sum = total(t, w), *dw = op_grad(t, n->in[0]);
    real *rows = dw ? op_scratch(t, n->rows * sizeof *rows) : NULL;
    real all = rows ? product(t, n, n->value, rows) : 0;
    for (size_t k = 0; rows && k < w->cols; k++)
        dw[k] -= all / sum;
    for (size_t i = 1; i < n->inputs; i++) {
        real *dx = op_grad(t, n->in[i]);
        if (dx)
            add(t, n, w->value[s->first + i - 1] / sum, op_upstream(n), dx);
        if (rows)
            dw[s->first + i - 1] += product(t, n, n->in[i]->value, rows) / sum;
    }
}

static tape_node *build_all(tape *t, tape_node **in) {
    return op_weighted_mean(t, in, 3, in[3], 0);
}

static tape_node *build_part(tape *t, tape_node **in) {
    return op_weighted_mean(t, in, 2, in[2], 1);
}

static tape_node *build_twice(tape *t, tape_node **in) {
    return op_weighted_mean(t, (tape_node *[]){in[0], in[0]}, 2, in[1], 0);
}

static const op_case cases[] = {
    {.name = "all",
     .in = {{.rows = 4, .cols = 5},
            {.rows = 4, .cols = 5},
            {.rows = 4, .cols = 5},
            {.rows = 1, .cols = 3, .low = 0.5, .high = 2}},
     .build = build_all},
    {.name = "a part",
     .in = {{.rows = 3, .cols = 37},
            {.rows = 3, .cols = 37},
            {.rows = 1, .cols = 4, .low = 0.5, .high = 2}},
     .build = build_part},
    {.name = "one layer twice",
     .in = {{.rows = 2, .cols = 3}, {.rows = 1, .cols = 2, .low = 0.5, .high = 2}},
     .build = build_twice},
    {0},
};

static double scratch(const op_bounds *b) {
    return (double)b->rows * sizeof(real);
}

const op_def op_weighted_mean_def = {.name = "weighted_mean",
                                     .shape = shape,
                                     .forward = forward,
                                     .backward = backward,
                                     .cases = cases,
                                     .scratch = scratch};

tape_node *op_weighted_mean(tape *t, tape_node *const *x, size_t n, tape_node *w, size_t first) {
    tape_node *in[TAPE_MAX_INPUTS] = {w};
    settings s = {first};
    for (size_t i = 0; i < n && i + 1 < TAPE_MAX_INPUTS; i++)
        in[i + 1] = x[i];
    return op_apply(t, &op_weighted_mean_def, in, n + 1, &s, sizeof s);
}
