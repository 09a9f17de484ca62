/* Multi-head attention to one vector a text (Vaswani et al. 2017, section 3.2): the softmax of one
 * score is 1, so that query and key have no part in it and no gradient, and each token gets its
 * text's vector; its weight, of each token and head, may be dropped.
 *   in:    x [S,H], the values, heads side by side
 *   out:   y [T,H]: y_t = m_t x_s for the tokens t of text s, m_t one number a head: 1, or that of
 *          dropout
 *   saved: nothing; backward draws the same masks
 *   dx_s = sum of m_t dy_t over the tokens of s, in their order. */
#include "autograd/helpers/dropout_rows.h"
#include "autograd/helpers/sample_layout.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/threads.h"

#include <string.h>

typedef struct settings {
    const tape_layout *layout;
    op_attention_options options;
} settings;

typedef struct text_job {
    const kernel_table *kernels;
    const tape_node *node;
    op_dropout_rows masks;
    real *dx;
} text_job;

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *x = n->in[0];
    size_t heads = s->options.heads;
    if (!op_dropout_check(t, n, s->options.dropout))
        return false;
    if (!x || x->rows != s->layout->texts)
        return op_fail(t, n, "x has %zu rows, the layout %zu texts", x ? x->rows : 0,
                       s->layout->texts);
    if (heads == 0 || x->cols % heads != 0)
        return op_fail(t, n, "x has %zu columns, expected %zu heads x their width", x->cols, heads);
    n->rows = s->layout->tokens;
    n->cols = x->cols;
    return true;
}

/* What a token's weight of 1 becomes. */
static real weight_of(const text_job *j, size_t token, size_t head) {
    const real one = 1;
    real weight;
    j->kernels->dropout(1, op_dropout_row_part(&j->masks, token, head), &one, 0, &weight);
    return weight;
}

static void forward_token(const text_job *j, size_t text, size_t token) {
    const tape_node *n = j->node;
    size_t heads = ((const settings *)n->attr)->options.heads, width = n->cols / heads;
    real *y = n->value + token * n->cols;
    memcpy(y, n->in[0]->value + text * n->cols, n->cols * sizeof *y);
    for (size_t h = 0; h < heads; h++)
        j->kernels->scale(width, weight_of(j, token, h), y + h * width);
}

static void backward_token(const text_job *j, size_t text, size_t token) {
    const tape_node *n = j->node;
    size_t heads = ((const settings *)n->attr)->options.heads, width = n->cols / heads;
    const real *dy = op_upstream(n) + token * n->cols;
    for (size_t h = 0; h < heads; h++)
        j->kernels->axpy(width, weight_of(j, token, h), dy + h * width,
                         j->dx + text * n->cols + h * width);
}

static void run_texts(void *context, size_t begin, size_t end) {
    const text_job *j = context;
    const uint32_t *start = ((const settings *)j->node->attr)->layout->start;
    for (size_t text = begin; text < end; text++)
        for (size_t token = start[text]; token < start[text + 1]; token++)
            (j->dx ? backward_token : forward_token)(j, text, token);
}

static text_job new_job(tape *t, const tape_node *n, real *dx) {
    const settings *s = n->attr;
    return (text_job){tape_kernels(t), n,
                      op_dropout_rows_draw(t, s->layout, s->options.dropout, s->options.site), dx};
}

static void forward(tape *t, tape_node *n) {
    text_job job = new_job(t, n, NULL);
    base_threads_range(n->in[0]->rows, 1, run_texts, &job);
}

static void backward(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    if (!dx)
        return;
    text_job job = new_job(t, n, dx);
    base_threads_range(n->in[0]->rows, 1, run_texts, &job);
}

static tape_node *build(tape *t, tape_node **in) {
    op_attention_options options = {.heads = 3, .dropout = 0.4, .site = 5};
    return op_spread(t, op_sample_layout(14), in[0], &options);
}

static const op_case cases[] = {
    {.name = "three heads", .in = {{.rows = 4, .cols = 15}}, .build = build},
    {.name = "dropout", .in = {{.rows = 4, .cols = 27}}, .build = build, .dropout = true},
    {0},
};

static double scratch(const op_bounds *b) {
    return op_dropout_rows_scratch(b->rows);
}

const op_def op_spread_def = {.name = "spread",
                              .shape = shape,
                              .forward = forward,
                              .backward = backward,
                              .cases = cases,
                              .scratch = scratch};

tape_node *op_spread(tape *t, const tape_layout *layout, tape_node *x,
                     const op_attention_options *options) {
    settings s = {layout, *options};
    return op_apply(t, &op_spread_def, &x, 1, &s, sizeof s);
}
