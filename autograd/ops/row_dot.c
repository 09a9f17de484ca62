/* Dot products row by row: y[r] = sum over h of a[r,h] b[r,h].
 *   in:    a [B,H], b [B,H]
 *   out:   y [B,1]
 *   saved: nothing
 *   da[r] = dy[r] b[r], db[r] = dy[r] a[r]. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

typedef struct row_job {
    const kernel_table *kernels;
    size_t cols;
    const real *factor; /* [B]: dy */
    const real *a, *b;
    real *to;
} row_job;

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_as_both(t, n, "a", "b"))
        return false;
    n->cols = 1;
    return true;
}

static void dot_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    for (size_t r = begin; r < end; r++)
        j->to[r] = j->kernels->dot(j->cols, j->a + r * j->cols, j->b + r * j->cols);
}

static void add_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    for (size_t r = begin; r < end; r++)
        j->kernels->axpy(j->cols, j->factor[r], j->a + r * j->cols, j->to + r * j->cols);
}

static void forward(tape *t, tape_node *n) {
    const tape_node *a = n->in[0], *b = n->in[1];
    row_job job = {tape_kernels(t), a->cols, NULL, a->value, b->value, n->value};
    op_over_rows(a->rows, a->cols, dot_rows, &job);
}

static void backward(tape *t, tape_node *n) {
    for (size_t i = 0; i < 2; i++) {
        const tape_node *other = n->in[1 - i];
        row_job job = {.kernels = tape_kernels(t),
                       .cols = other->cols,
                       .factor = op_upstream(n),
                       .a = other->value,
                       .to = op_grad(t, n->in[i])};
        if (job.to)
            op_over_rows(other->rows, other->cols, add_rows, &job);
    }
}

static tape_node *build_two(tape *t, tape_node **in) {
    return op_row_dot(t, in[0], in[1]);
}

static tape_node *build_self(tape *t, tape_node **in) {
    return op_row_dot(t, in[0], in[0]);
}

static const op_case cases[] = {
    {.name = "two", .in = {{.rows = 3, .cols = 5}, {.rows = 3, .cols = 5}}, .build = build_two},
    {.name = "long rows",
     .in = {{.rows = 2, .cols = 37}, {.rows = 2, .cols = 37}},
     .build = build_two},
    {.name = "one node twice", .in = {{.rows = 2, .cols = 4}}, .build = build_self},
    {0},
};

const op_def op_row_dot_def = {
    .name = "row_dot", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_row_dot(tape *t, tape_node *a, tape_node *b) {
    return op_apply(t, &op_row_dot_def, (tape_node *[]){a, b}, 2, NULL, 0);
}
