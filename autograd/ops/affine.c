/* y = scale * x + offset, element by element.
 *   in:    x [R,C]
 *   out:   y [R,C]
 *   saved: nothing
 *   dx = scale * dy. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

typedef struct settings {
    double scale, offset;
} settings;

typedef struct element_job {
    real scale, offset;
    const real *x;
    real *y;
} element_job;

static void forward_range(void *context, size_t begin, size_t end) {
    const element_job *j = context;
    for (size_t i = begin; i < end; i++)
        j->y[i] = j->scale * j->x[i] + j->offset;
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    const settings *s = n->attr;
    element_job job = {REAL(s->scale), REAL(s->offset), n->in[0]->value, n->value};
    op_over_rows(n->rows * n->cols, 1, forward_range, &job);
}

static void backward(tape *t, tape_node *n) {
    const settings *s = n->attr;
    real *dx = op_grad(t, n->in[0]);
    if (dx)
        tape_kernels(t)->axpy(n->rows * n->cols, REAL(s->scale), op_upstream(n), dx);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_affine(t, in[0], -2.5, 0.75);
}

static tape_node *build_squared(tape *t, tape_node **in) {
    tape_node *y = op_affine(t, in[0], 1, 3);
    return op_mul(t, y, y);
}

static const op_case cases[] = {
    {.name = "negative", .in = {{.rows = 3, .cols = 7}}, .build = build},
    {.name = "long rows", .in = {{.rows = 2, .cols = 37}}, .build = build},
    {.name = "offset alone", .in = {{.rows = 3, .cols = 7}}, .build = build_squared},
    {0},
};

const op_def op_affine_def = {.name = "affine",
                              .shape = op_shape_as_first,
                              .forward = forward,
                              .backward = backward,
                              .cases = cases};

tape_node *op_affine(tape *t, tape_node *x, double scale, double offset) {
    settings s = {scale, offset};
    return op_apply(t, &op_affine_def, &x, 1, &s, sizeof s);
}
