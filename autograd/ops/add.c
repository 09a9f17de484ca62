/* Sum, element by element: y = a + b.
 *   in:    a [R,C], b [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   da = db = dy. */
#include "autograd/op.h"
#include "autograd/ops/block.h"
#include "autograd/ops/ops.h"
#include "autograd/ops/shapes.h"

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
    {"two", 2, {{3, 5, -1, 1, 0}, {3, 5, -1, 1, 0}}, build_two, false},
    {"long rows", 2, {{2, 37, -1, 1, 0}, {2, 37, -1, 1, 0}}, build_two, false},
    {"one node twice", 1, {{2, 3, -1, 1, 0}}, build_double, false},
    {0},
};

const op_def op_add_def = {"add", shape, forward, backward, cases, NULL};

tape_node *op_add(tape *t, tape_node *a, tape_node *b) {
    return op_apply(t, &op_add_def, (tape_node *[]){a, b}, 2, NULL, 0);
}
