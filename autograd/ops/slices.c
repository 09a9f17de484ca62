/* Slices. rows: y = x[first .. first+count-1, :]; columns: y = x[:, first .. first+count-1].
 *   in:    x [R,H]
 *   out:   y [count,H]; [R,count]
 *   saved: nothing
 *   dx += dy where y came from. */
#include "autograd/helpers/rows.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

typedef struct slice {
    size_t first, count;
} slice;

static bool inside(tape *t, const tape_node *n, size_t size, const char *one) {
    const slice *s = n->attr;
    const tape_node *x = n->in[0];
    if (x && s->first <= size && s->count <= size - s->first)
        return true;
    return op_fail(t, n, "%zu %ss from %s %zu are not in x [%zu, %zu]", s->count, one, one,
                   s->first, x ? x->rows : 0, x ? x->cols : 0);
}

static bool shape_rows(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    if (!inside(t, n, x ? x->rows : 0, "row"))
        return false;
    n->rows = ((const slice *)n->attr)->count;
    n->cols = x->cols;
    return true;
}

static bool shape_columns(tape *t, tape_node *n) {
    const tape_node *x = n->in[0];
    if (!inside(t, n, x ? x->cols : 0, "column"))
        return false;
    n->rows = x->rows;
    n->cols = ((const slice *)n->attr)->count;
    return true;
}

/* y = x from element `offset` on. */
static void copy(tape_node *n, size_t offset) {
    const tape_node *x = n->in[0];
    op_block_copy(&(op_block){n->rows, n->cols, x->value + offset, x->cols, n->value, n->cols});
}

static void add(tape *t, tape_node *n, size_t offset) {
    real *dx = op_grad(t, n->in[0]);
    op_block block = {n->rows, n->cols, op_upstream(n), n->cols, dx + offset, n->in[0]->cols};
    if (dx)
        op_block_add(&block, tape_kernels(t));
}

static size_t first(const tape_node *n) {
    return ((const slice *)n->attr)->first;
}

static void forward_rows(tape *t, tape_node *n) {
    (void)t;
    copy(n, first(n) * n->cols);
}

static void backward_rows(tape *t, tape_node *n) {
    add(t, n, first(n) * n->cols);
}

static void forward_columns(tape *t, tape_node *n) {
    (void)t;
    copy(n, first(n));
}

static void backward_columns(tape *t, tape_node *n) {
    add(t, n, first(n));
}

static tape_node *build_rows(tape *t, tape_node **in) {
    return op_rows(t, in[0], 2, 3);
}

static tape_node *build_rows_that_overlap(tape *t, tape_node **in) {
    return op_add(t, op_rows(t, in[0], 0, 3), op_rows(t, in[0], 1, 3));
}

static tape_node *build_columns(tape *t, tape_node **in) {
    return op_columns(t, in[0], 1, 4);
}

static tape_node *build_columns_that_overlap(tape *t, tape_node **in) {
    return op_add(t, op_columns(t, in[0], 0, 3), op_columns(t, in[0], 2, 3));
}

static const op_case cases_rows[] = {
    {.name = "middle", .in = {{.rows = 6, .cols = 5}}, .build = build_rows},
    {.name = "two that overlap", .in = {{.rows = 4, .cols = 5}}, .build = build_rows_that_overlap},
    {0},
};

static const op_case cases_columns[] = {
    {.name = "middle", .in = {{.rows = 3, .cols = 7}}, .build = build_columns},
    {.name = "two that overlap",
     .in = {{.rows = 4, .cols = 5}},
     .build = build_columns_that_overlap},
    {0},
};

const op_def op_rows_def = {.name = "rows",
                            .shape = shape_rows,
                            .forward = forward_rows,
                            .backward = backward_rows,
                            .cases = cases_rows};

tape_node *op_rows(tape *t, tape_node *x, size_t from, size_t count) {
    return op_apply(t, &op_rows_def, &x, 1, &(slice){from, count}, sizeof(slice));
}

const op_def op_columns_def = {.name = "columns",
                               .shape = shape_columns,
                               .forward = forward_columns,
                               .backward = backward_columns,
                               .cases = cases_columns};

tape_node *op_columns(tape *t, tape_node *x, size_t from, size_t count) {
    return op_apply(t, &op_columns_def, &x, 1, &(slice){from, count}, sizeof(slice));
}
