/* Dropout over token rows (Srivastava et al. 2014): y = keep ? x / (1 - p) : 0.
 *   in:    x [T,H]
 *   out:   y [T,H]
 *   saved: nothing; the mask is drawn again
 *   dx = keep ? dy / (1 - p) : 0. */
#include "autograd/ops/cursor.h"
#include "autograd/ops/mask.h"
#include "autograd/ops/ops.h"
#include "autograd/ops/over_rows.h"
#include "autograd/ops/sample_layout.h"
#include "autograd/ops/shapes.h"

typedef struct settings {
    const tape_layout *layout;
    double probability;
    uint32_t site;
} settings;

typedef struct row_job {
    const tape *tape;
    const settings *set;
    op_mask mask;
    size_t cols;
    const real *from;
    real *to;
} row_job;

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    if (!op_shape_as_first(t, n) || !op_mask_check(t, n, s->probability))
        return false;
    return n->rows == s->layout->tokens ||
           op_fail(t, n, "x has %zu rows, the layout %zu tokens", n->rows, s->layout->tokens);
}

static void mask_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    const kernel_table *k = tape_kernels(j->tape);
    op_cursor at = op_cursor_at(j->set->layout, begin);
    for (size_t r = begin; r < end; r++, op_cursor_next(&at)) {
        uint64_t key = op_dropout_key(j->tape, j->set->layout, at.text, at.position, j->set->site);
        op_mask_row(&j->mask, k, key, j->cols, j->from + r * j->cols, j->to + r * j->cols);
    }
}

static void run(tape *t, tape_node *n, const real *from, real *to) {
    const settings *s = n->attr;
    row_job job = {t, s, op_mask_new(t, s->probability), n->cols, from, to};
    op_over_rows(n->rows, n->cols, mask_rows, &job);
}

static void forward(tape *t, tape_node *n) {
    run(t, n, n->in[0]->value, n->value);
}

static void backward(tape *t, tape_node *n) {
    real beta;
    real *dx = op_grad_write(t, n->in[0], &beta);
    if (!dx)
        return;
    real *masked = beta == 0 ? dx : op_scratch(t, n->rows * n->cols * sizeof *masked);
    if (!masked)
        return;
    run(t, n, op_upstream(n), masked);
    if (masked != dx)
        tape_kernels(t)->add(n->rows * n->cols, masked, dx);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_dropout(t, op_sample_layout(in[0]->rows), in[0], 0.3, 7);
}

static const op_case cases[] = {
    {"masked", 1, {{9, 13, -1, 1, 0}}, build, true},
    {"off", 1, {{4, 5, -1, 1, 0}}, build, false},
    {0},
};

const op_def op_dropout_def = {"dropout", shape, forward, backward, cases, NULL};

tape_node *op_dropout(tape *t, const tape_layout *layout, tape_node *x, double probability,
                      uint32_t site) {
    settings s = {layout, probability, site};
    return op_apply(t, &op_dropout_def, &x, 1, &s, sizeof s);
}
