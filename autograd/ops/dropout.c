/* Dropout over rows, of tokens or of texts (Srivastava et al. 2014): y = x / (1 - p) where kept, 0
 * elsewhere. in:    x [T,H] or [S,H] out:   y, as x saved: nothing; backward draws the same masks
 *   dx = dy / (1 - p) where kept. */
#include "autograd/helpers/dropout_rows.h"
#include "autograd/helpers/rows.h"
#include "autograd/helpers/sample_layout.h"
#include "autograd/helpers/shapes.h"
#include "autograd/ops/ops.h"

typedef struct settings {
    const tape_layout *layout;
    double probability;
    uint32_t site;
} settings;

typedef struct row_job {
    const kernel_table *kernels;
    op_dropout_rows masks;
    size_t cols;
    const real *x;
    real beta, *y;
} row_job;

static void run_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    for (size_t r = begin; r < end; r++)
        j->kernels->dropout(j->cols, op_dropout_row(&j->masks, r), j->x + r * j->cols, j->beta,
                            j->y + r * j->cols);
}

static void run(tape *t, const tape_node *n, const real *x, real beta, real *y) {
    const settings *s = n->attr;
    row_job job = {.kernels = tape_kernels(t),
                   .masks = op_dropout_node_rows_draw(t, n, s->layout, s->probability, s->site),
                   .cols = n->cols,
                   .x = x,
                   .beta = beta,
                   .y = y};
    op_over_rows(n->rows, n->cols, run_rows, &job);
}

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    return op_shape_as_first(t, n) && op_shape_tokens_or_texts(t, n, s->layout) &&
           op_dropout_check(t, n, s->probability);
}

static void forward(tape *t, tape_node *n) {
    run(t, n, n->in[0]->value, 0, n->value);
}

static void backward(tape *t, tape_node *n) {
    real beta, *dx = op_grad_write(t, n->in[0], &beta);
    if (dx)
        run(t, n, op_upstream(n), beta, dx);
}

static tape_node *build_half(tape *t, tape_node **in) {
    return op_dropout(t, op_sample_layout(in[0]->rows), in[0], 0.5, 7);
}

static tape_node *build_none(tape *t, tape_node **in) {
    return op_dropout(t, op_sample_layout(in[0]->rows), in[0], 0, 7);
}

static tape_node *build_texts(tape *t, tape_node **in) {
    return op_dropout(t, op_sample_layout(14), in[0], 0.5, 7);
}

static const op_case cases[] = {
    {.name = "masked", .in = {{.rows = 9, .cols = 37}}, .build = build_half, .dropout = true},
    {.name = "off", .in = {{.rows = 4, .cols = 5}}, .build = build_half},
    {.name = "probability 0", .in = {{.rows = 4, .cols = 5}}, .build = build_none, .dropout = true},
    {.name = "a row a text",
     .in = {{.rows = 4, .cols = 37}},
     .build = build_texts,
     .dropout = true},
    {0},
};

static double scratch(const op_bounds *b) {
    return op_dropout_rows_scratch(b->rows);
}

const op_def op_dropout_def = {.name = "dropout",
                               .shape = shape,
                               .forward = forward,
                               .backward = backward,
                               .cases = cases,
                               .scratch = scratch};

tape_node *op_dropout(tape *t, const tape_layout *layout, tape_node *x, double probability,
                      uint32_t site) {
    settings s = {layout, probability, site};
    return op_apply(t, &op_dropout_def, &x, 1, &s, sizeof s);
}
