/* A part of the pass that is computed again for backward, so that nothing in it is kept (Chen et
 * al. 2016). Forward records the part as backward will, copies its result and forgets the rest: the
 * bits are the same by construction. in: x [R,C], others out: y [R,C] saved: nothing. */
#include "autograd/helpers/sample_layout.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"

#include <string.h>

static bool shape(tape *t, tape_node *n) {
    return op_shape_as_first(t, n);
}

static tape_node *build(tape *t, const tape_node *n) {
    const op_part *part = n->attr;
    return part->build(part, t, n->in);
}

static void forward(tape *t, tape_node *n) {
    op_aside aside;
    op_aside_begin(t, &aside);
    const tape_node *y = build(t, n);
    if (y && (y->rows != n->rows || y->cols != n->cols))
        op_fail(t, n, "the part is [%zu, %zu], expected [%zu, %zu] as x", y->rows, y->cols, n->rows,
                n->cols);
    else if (y) {
        memcpy(n->value, y->value, n->rows * n->cols * sizeof(real));
        n->wants_grad = y->wants_grad; /* parameters of the part may, too */
    }
    op_aside_end(t, &aside);
}

static void backward(tape *t, tape_node *n) {
    op_aside aside;
    for (size_t i = 0; i < n->inputs; i++)
        op_grad_reserve(t, n->in[i]);
    op_aside_begin(t, &aside);
    tape_backward(t, build(t, n), op_upstream(n));
    op_aside_end(t, &aside);
}

/* gelu(dropout(x) w^T) + x */
static tape_node *build_sample(const op_part *part, tape *t, tape_node *const *in) {
    (void)part;
    tape_node *dropped = op_dropout(t, op_sample_layout(in[0]->rows), in[0], 0.5, 7);
    return op_add(t, op_gelu(t, op_linear(t, dropped, in[1], NULL)), in[0]);
}

static tape_node *build_case(tape *t, tape_node **in) {
    static const op_part part = {build_sample};
    return op_recompute(t, in, 2, &part, sizeof part);
}

static tape_node *build_chain(tape *t, tape_node **in) {
    tape_node *second[] = {build_case(t, in), in[1]};
    return build_case(t, second);
}

static const op_case cases[] = {
    {.name = "masked",
     .in = {{.rows = 9, .cols = 7}, {.rows = 7, .cols = 7}},
     .build = build_case,
     .dropout = true},
    {.name = "chain",
     .in = {{.rows = 9, .cols = 7}, {.rows = 7, .cols = 7}},
     .build = build_chain,
     .dropout = true},
    {0},
};

const op_def op_recompute_def = {
    .name = "recompute", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_recompute(tape *t, tape_node *const *in, size_t inputs, const op_part *part,
                        size_t size) {
    return op_apply(t, &op_recompute_def, in, inputs, part, size);
}
