/* Concatenations. concat_rows: matrices one below the other; concat_columns: side by side.
 *   in:    x_i, at least one: [R_i,H]; [R,H_i]
 *   out:   y [sum of R_i, H]; [R, sum of H_i]
 *   saved: nothing
 *   dx_i += the part of dy that came from x_i. */
#include "autograd/helpers/rows.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

static bool shape_rows(tape *t, tape_node *n) {
    n->cols = n->inputs && n->in[0] ? n->in[0]->cols : 0;
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        if (!x || x->cols != n->cols)
            return op_fail(t, n, "input %zu is [%zu, %zu], expected %zu columns", i,
                           x ? x->rows : 0, x ? x->cols : 0, n->cols);
        if (!base_size_add(n->rows, x->rows, &n->rows))
            return op_fail(t, n, "the inputs have more rows than memory can hold");
    }
    return n->inputs ? true : op_fail(t, n, "no inputs");
}

static bool shape_columns(tape *t, tape_node *n) {
    n->rows = n->inputs && n->in[0] ? n->in[0]->rows : 0;
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        if (!x || x->rows != n->rows)
            return op_fail(t, n, "input %zu is [%zu, %zu], expected %zu rows", i, x ? x->rows : 0,
                           x ? x->cols : 0, n->rows);
        if (!base_size_add(n->cols, x->cols, &n->cols))
            return op_fail(t, n, "the inputs have more columns than memory can hold");
    }
    return n->inputs ? true : op_fail(t, n, "no inputs");
}

/* From one input's place in y to the next one's. */
static size_t advance(const tape_node *n, const tape_node *x) {
    return n->def->shape == shape_rows ? x->rows * x->cols : x->cols;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    real *y = n->value;
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        op_block_copy(&(op_block){x->rows, x->cols, x->value, x->cols, y, n->cols});
        y += advance(n, x);
    }
}

static void backward(tape *t, tape_node *n) {
    const real *dy = op_upstream(n);
    for (size_t i = 0; i < n->inputs; i++) {
        const tape_node *x = n->in[i];
        real *dx = op_grad(t, n->in[i]);
        if (dx)
            op_block_add(&(op_block){x->rows, x->cols, dy, n->cols, dx, x->cols}, tape_kernels(t));
        dy += advance(n, x);
    }
}

static tape_node *build_rows(tape *t, tape_node **in) {
    return op_concat_rows(t, in, 3);
}

static tape_node *build_rows_twice(tape *t, tape_node **in) {
    return op_concat_rows(t, (tape_node *[]){in[0], in[0]}, 2);
}

static tape_node *build_columns(tape *t, tape_node **in) {
    return op_concat_columns(t, in, 3);
}

static tape_node *build_columns_twice(tape *t, tape_node **in) {
    return op_concat_columns(t, (tape_node *[]){in[0], in[0]}, 2);
}

static const op_case cases_rows[] = {
    {.name = "three",
     .in = {{.rows = 2, .cols = 5}, {.rows = 1, .cols = 5}, {.rows = 4, .cols = 5}},
     .build = build_rows},
    {.name = "one node twice", .in = {{.rows = 3, .cols = 4}}, .build = build_rows_twice},
    {0},
};

static const op_case cases_columns[] = {
    {.name = "three",
     .in = {{.rows = 3, .cols = 2}, {.rows = 3, .cols = 1}, {.rows = 3, .cols = 5}},
     .build = build_columns},
    {.name = "one node twice", .in = {{.rows = 3, .cols = 4}}, .build = build_columns_twice},
    {0},
};

const op_def op_concat_rows_def = {.name = "concat_rows",
                                   .shape = shape_rows,
                                   .forward = forward,
                                   .backward = backward,
                                   .cases = cases_rows};

tape_node *op_concat_rows(tape *t, tape_node *const *x, size_t n) {
    return op_apply(t, &op_concat_rows_def, x, n, NULL, 0);
}

const op_def op_concat_columns_def = {.name = "concat_columns",
                                      .shape = shape_columns,
                                      .forward = forward,
                                      .backward = backward,
                                      .cases = cases_columns};

tape_node *op_concat_columns(tape *t, tape_node *const *x, size_t n) {
    return op_apply(t, &op_concat_columns_def, x, n, NULL, 0);
}
