/* All dot products of two sets of rows: y = factor * a c^T.
 *   in:    a [B,H], c [C,H]
 *   out:   y [B,C]
 *   saved: nothing
 *   da = factor * dy c, dc = factor * dy^T a. */
#include "autograd/helpers/operands.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

static real factor_of(const tape_node *n) {
    const double *factor = n->attr;
    return REAL(*factor);
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    gemm_job y = {.m = n->rows,
                  .n = n->cols,
                  .k = n->in[0]->cols,
                  .alpha = factor_of(n),
                  .a = op_values(n->in[0], false),
                  .b = op_values(n->in[1], true),
                  .c = n->value,
                  .c_stride = n->cols};
    gemm_run(&y, 1);
}

/* to += or = factor * op(dy) x, where x is the other input. */
static void product_back(tape *t, tape_node *n, tape_node *to, const tape_node *x,
                         bool transposed) {
    real beta;
    real *grad = op_grad_write(t, to, &beta);
    gemm_job job = {.m = to->rows,
                    .n = to->cols,
                    .k = x->rows,
                    .alpha = factor_of(n),
                    .beta = beta,
                    .a = op_upstream_values(n, transposed),
                    .b = op_values(x, false),
                    .c = grad,
                    .c_stride = to->cols};
    if (grad)
        gemm_run(&job, 1);
}

static void backward(tape *t, tape_node *n) {
    product_back(t, n, n->in[0], n->in[1], false);
    product_back(t, n, n->in[1], n->in[0], true);
}

static tape_node *build_two(tape *t, tape_node **in) {
    return op_scores(t, in[0], in[1], 1.5);
}

static tape_node *build_self(tape *t, tape_node **in) {
    return op_scores(t, in[0], in[0], 0.5);
}

static const op_case cases[] = {
    {.name = "two sets",
     .in = {{.rows = 4, .cols = 5}, {.rows = 3, .cols = 5}},
     .build = build_two},
    {.name = "one set with itself", .in = {{.rows = 3, .cols = 4}}, .build = build_self},
    {0},
};

static double flops(const tape_node *n) {
    return 2.0 * (double)n->rows * (double)n->cols * (double)n->in[0]->cols;
}

const op_def op_scores_def = {.name = "scores",
                              .shape = op_shape_all_rows,
                              .forward = forward,
                              .backward = backward,
                              .cases = cases,
                              .flops = flops};

tape_node *op_scores(tape *t, tape_node *a, tape_node *c, double factor) {
    return op_apply(t, &op_scores_def, (tape_node *[]){a, c}, 2, &factor, sizeof factor);
}
