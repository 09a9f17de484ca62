/* Sum, element by element: y = a + b.
 *   in:    a [R,C], b [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   da = db = dy. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

static bool shape(tape *t, tape_node *n) {
    return op_shape_as_both(t, n, "a", "b");
}

/* to += from over the whole matrix of n. */
static void add(tape *t, const tape_node *n, const real *from, real *to) {
    if (to)
        op_block_add(&(op_block){n->rows, n->cols, from, n->cols, to, n->cols}, tape_kernels(t));
}

static void forward(tape *t, tape_node *n) {
    op_block_copy(&(op_block){n->rows, n->cols, n->in[0]->value, n->cols, n->value, n->cols});
    add(t, n, n->in[1]->value, n->value);
}

static void backward(tape *t, tape_node *n) {
    add(t, n, op_upstream(n), op_grad(t, n->in[0]));
    add(t, n, op_upstream(n), op_grad(t, n->in[1]));
}

static tape_node *build_two(tape *t, tape_node **in) {
    return op_add(t, in[0], in[1]);
}

static tape_node *build_double(tape *t, tape_node **in) {
    return op_add(t, in[0], in[0]);
}

static const op_case cases[] = {
    {.name = "two", .in = {{.rows = 3, .cols = 5}, {.rows = 3, .cols = 5}}, .build = build_two},
    {.name = "long rows",
     .in = {{.rows = 2, .cols = 37}, {.rows = 2, .cols = 37}},
     .build = build_two},
    {.name = "one node twice", .in = {{.rows = 2, .cols = 3}}, .build = build_double},
    {0},
};

const op_def op_add_def = {
    .name = "add", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_add(tape *t, tape_node *a, tape_node *b) {
    return op_apply(t, &op_add_def, (tape_node *[]){a, b}, 2, NULL, 0);
}
