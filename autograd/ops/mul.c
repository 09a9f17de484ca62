/* Product, element by element: y = a * b.
 *   in:    a [R,C], b [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   da = dy * b, db = dy * a. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <string.h>

typedef struct product {
    const kernel_table *kernels;
    const real *a, *b;
    real *to;
} product;

static void add_range(void *context, size_t begin, size_t end) {
    const product *p = context;
    p->kernels->add_product(end - begin, p->a + begin, p->b + begin, p->to + begin);
}

/* to += a * b */
static void add(tape *t, const tape_node *n, const real *a, const real *b, real *to) {
    product p = {tape_kernels(t), a, b, to};
    if (to)
        op_over_rows(n->rows * n->cols, 1, add_range, &p);
}

static bool shape(tape *t, tape_node *n) {
    return op_shape_as_both(t, n, "a", "b");
}

static void forward(tape *t, tape_node *n) {
    memset(n->value, 0, n->rows * n->cols * sizeof *n->value);
    add(t, n, n->in[0]->value, n->in[1]->value, n->value);
}

static void backward(tape *t, tape_node *n) {
    add(t, n, op_upstream(n), n->in[1]->value, op_grad(t, n->in[0]));
    add(t, n, op_upstream(n), n->in[0]->value, op_grad(t, n->in[1]));
}

static tape_node *build_two(tape *t, tape_node **in) {
    return op_mul(t, in[0], in[1]);
}

static tape_node *build_square(tape *t, tape_node **in) {
    return op_mul(t, in[0], in[0]);
}

static const op_case cases[] = {
    {.name = "two", .in = {{.rows = 3, .cols = 5}, {.rows = 3, .cols = 5}}, .build = build_two},
    {.name = "long rows",
     .in = {{.rows = 2, .cols = 37}, {.rows = 2, .cols = 37}},
     .build = build_two},
    {.name = "one node twice", .in = {{.rows = 2, .cols = 3}}, .build = build_square},
    {0},
};

const op_def op_mul_def = {
    .name = "mul", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_mul(tape *t, tape_node *a, tape_node *b) {
    return op_apply(t, &op_mul_def, (tape_node *[]){a, b}, 2, NULL, 0);
}
