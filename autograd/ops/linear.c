/* Linear layer: y = x w^T + b.
 *   in:    x [T,I], w [O,I], b [1,O] or absent
 *   out:   y [T,O]
 *   saved: nothing
 *   dx = dy w, dw = dy^T x, db = column sums of dy. */
#include "autograd/helpers/operands.h"
#include "autograd/helpers/rows.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

static bool shape(tape *t, tape_node *n) {
    const tape_node *x = n->in[0], *w = n->in[1], *b = n->in[2];
    if (!x || !w || x->cols != w->cols)
        return op_fail(t, n, "x is [%zu, %zu] and w [%zu, %zu], expected equal columns",
                       x ? x->rows : 0, x ? x->cols : 0, w ? w->rows : 0, w ? w->cols : 0);
    if (b && (b->rows != 1 || b->cols != w->rows))
        return op_fail(t, n, "b is [%zu, %zu], expected [1, %zu]", b->rows, b->cols, w->rows);
    n->rows = x->rows;
    n->cols = w->rows;
    return true;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const tape_node *x = n->in[0], *w = n->in[1], *b = n->in[2];
    gemm_job y = {.m = n->rows,
                  .n = n->cols,
                  .k = x->cols,
                  .alpha = 1,
                  .a = op_values(x, false),
                  .b = op_values(w, true),
                  .c = n->value,
                  .c_stride = n->cols,
                  .bias = b ? b->value : NULL};
    gemm_run(&y, 1);
}

static void backward(tape *t, tape_node *n) {
    tape_node *x = n->in[0], *w = n->in[1];
    gemm_job jobs[2];
    size_t count = 0;
    real beta;
    real *dx = op_grad_write(t, x, &beta);
    if (dx)
        jobs[count++] = (gemm_job){.m = x->rows,
                                   .n = x->cols,
                                   .k = n->cols,
                                   .alpha = 1,
                                   .beta = beta,
                                   .a = op_upstream_values(n, false),
                                   .b = op_values(w, false),
                                   .c = dx,
                                   .c_stride = x->cols};
    real *dw = op_grad_write(t, w, &beta);
    if (dw)
        jobs[count++] = (gemm_job){.m = w->rows,
                                   .n = w->cols,
                                   .k = n->rows,
                                   .alpha = 1,
                                   .beta = beta,
                                   .a = op_upstream_values(n, true),
                                   .b = op_values(x, false),
                                   .c = dw,
                                   .c_stride = w->cols};
    size_t at_once = x == w ? 1 : 2; /* one node as both: one gradient for both products */
    for (size_t i = 0; i < count; i += at_once)
        gemm_run(jobs + i, at_once < count - i ? at_once : count - i);
    real *db = op_grad_write(t, n->in[2], &beta);
    if (db)
        op_column_sums(tape_kernels(t), n->rows, n->cols, op_upstream(n), beta, db);
}

static tape_node *build_with_bias(tape *t, tape_node **in) {
    return op_linear(t, in[0], in[1], in[2]);
}

static tape_node *build_without_bias(tape *t, tape_node **in) {
    return op_linear(t, in[0], in[1], NULL);
}

static tape_node *build_square(tape *t, tape_node **in) {
    return op_linear(t, in[0], in[0], NULL);
}

static const op_case cases[] = {
    {.name = "bias",
     .in = {{.rows = 5, .cols = 7}, {.rows = 3, .cols = 7}, {.rows = 1, .cols = 3}},
     .build = build_with_bias},
    {.name = "no bias",
     .in = {{.rows = 1, .cols = 4}, {.rows = 6, .cols = 4}},
     .build = build_without_bias},
    {.name = "one node as x and w", .in = {{.rows = 4, .cols = 3}}, .build = build_square},
    {0},
};

static double flops(const tape_node *n) {
    return 2.0 * (double)n->rows * (double)n->cols * (double)n->in[0]->cols;
}

const op_def op_linear_def = {.name = "linear",
                              .shape = shape,
                              .forward = forward,
                              .backward = backward,
                              .cases = cases,
                              .flops = flops};

tape_node *op_linear(tape *t, tape_node *x, tape_node *w, tape_node *b) {
    return op_apply(t, &op_linear_def, (tape_node *[]){x, w, b}, 3, NULL, 0);
}
