/* Multi-head self-attention within each text (Vaswani et al. 2017, section 3.2), for each head of
 * d = H / heads columns: s = q k^T / sqrt(d) + bias, p = softmax(s) by rows, y = dropout(p) v.
 *   in:    qkv [T,3H] (query, key, value side by side, heads inside each), bias [heads, 2L-1] of
 *          key - query from 1-L on, with L the longest text, or absent
 *          With a window only keys up to that far from their query are seen; causal, only those
 *          not behind it.
 *   out:   y [T,H]
 *   saved: of each query and head the largest score and 1 / sum of exponentials [T, heads, 2]
 *   p and its mask are computed again; dv = dropout(p)^T dy, dp = dropout(dy v^T),
 *   ds = p (dp - sum over j of p dp), dbias = sum of ds, dq = ds k / sqrt(d), dk = ds^T q /
 * sqrt(d). The work is cut by text and head (attention_head.c does one); with a bias gradient, by
 * head. */
#include "autograd/helpers/attention_head.h"
#include "autograd/helpers/sample_layout.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "base/threads.h"

typedef struct settings {
    const tape_layout *layout;
    op_attention_options options;
    size_t longest;
} settings;

typedef struct head_job {
    const kernel_table *kernels;
    const tape_node *node;
    op_dropout_rows masks;
    real *scratch; /* [threads, scratch_size] */
    size_t scratch_size;
    real *dqkv, *dbias; /* NULL: not wanted */
    real beta;          /* of dqkv */
} head_job;

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *x = n->in[0], *bias = n->in[1];
    size_t heads = s->options.heads, longest = s->longest;
    if (!op_shape_tokens(t, n, s->layout) || !op_dropout_check(t, n, s->options.dropout))
        return false;
    if (heads == 0 || x->cols == 0 || x->cols % 3 != 0 || x->cols / 3 % heads != 0)
        return op_fail(t, n, "qkv has %zu columns, expected 3 x %zu heads x their width", x->cols,
                       heads);
    if (bias && (bias->rows != heads || bias->cols + 1 != 2 * longest))
        return op_fail(t, n, "bias is [%zu, %zu], expected [%zu, %zu]", bias->rows, bias->cols,
                       heads, 2 * longest - 1);
    n->rows = x->rows;
    n->cols = x->cols / 3;
    size_t pairs;
    if (!base_size_mul(n->rows, 2 * heads, &pairs) ||
        !base_size_mul(pairs, sizeof(real), &n->saved_bytes))
        return op_fail(t, n, "%zu rows are more than memory can hold", n->rows);
    return true;
}

/* What attention_head needs to know of one head of one text. */
static op_attention_head one_head(const head_job *j, size_t text, size_t head) {
    const tape_node *n = j->node;
    const settings *s = n->attr;
    size_t width = n->cols / s->options.heads, first = s->layout->start[text];
    real *saved = n->saved;
    return (op_attention_head){
        .kernels = j->kernels,
        .masks = &j->masks,
        .head = head,
        .row = first,
        .length = s->layout->start[text + 1] - first,
        .width = width,
        .hidden = n->cols,
        .qkv = n->in[0]->value + first * 3 * n->cols + head * width,
        .bias = n->in[1] ? n->in[1]->value + head * n->in[1]->cols + s->longest - 1 : NULL,
        .window = s->options.window,
        .causal = s->options.causal,
        .statistics = saved ? saved + 2 * (first * s->options.heads + head) : NULL,
        .statistics_row = 2 * s->options.heads,
        .scratch = j->scratch + base_threads_self() * j->scratch_size,
    };
}

static void forward_tile(void *context, size_t tile) {
    const head_job *j = context;
    const tape_node *n = j->node;
    const settings *s = n->attr;
    size_t text = tile / s->options.heads, head = tile % s->options.heads;
    op_attention_head h = one_head(j, text, head);
    op_attention_head_forward(&h, n->value + s->layout->start[text] * n->cols + head * h.width);
}

static void backward_one(const head_job *j, size_t text, size_t head) {
    const tape_node *n = j->node;
    const settings *s = n->attr;
    op_attention_head h = one_head(j, text, head);
    size_t first = s->layout->start[text];
    op_attention_head_backward(&h, op_upstream(n) + first * n->cols + head * h.width,
                               j->dqkv ? j->dqkv + first * 3 * n->cols + head * h.width : NULL,
                               j->beta,
                               j->dbias ? j->dbias + head * n->in[1]->cols + s->longest - 1 : NULL);
}

static void backward_tile(void *context, size_t tile) {
    const head_job *j = context;
    const settings *s = j->node->attr;
    backward_one(j, tile / s->options.heads, tile % s->options.heads);
}

static void backward_head(void *context, size_t head) {
    const head_job *j = context;
    const settings *s = j->node->attr;
    for (size_t text = 0; text < s->layout->texts; text++)
        backward_one(j, text, head);
}

static head_job new_job(tape *t, tape_node *n) {
    const settings *s = n->attr;
    head_job j = {.kernels = tape_kernels(t), .node = n};
    j.masks = op_dropout_rows_draw(t, s->layout, s->options.dropout, s->options.site);
    j.scratch_size = op_attention_head_scratch(s->longest, n->cols / s->options.heads);
    j.scratch = op_scratch(t, base_threads_count() * j.scratch_size * sizeof *j.scratch);
    return j;
}

static void forward(tape *t, tape_node *n) {
    const settings *s = n->attr;
    head_job job = new_job(t, n);
    if (job.scratch)
        base_threads_run(s->layout->texts * s->options.heads, forward_tile, &job);
}

static void backward(tape *t, tape_node *n) {
    const settings *s = n->attr;
    head_job job = new_job(t, n);
    job.dqkv = op_grad_write(t, n->in[0], &job.beta);
    job.dbias = op_grad(t, n->in[1]);
    if (!job.scratch || !base_ok(tape_error(t)))
        return;
    if (job.dbias)
        base_threads_run(s->options.heads, backward_head, &job);
    else
        base_threads_run(s->layout->texts * s->options.heads, backward_tile, &job);
}

static tape_node *build_plain(tape *t, tape_node **in) {
    op_attention_options options = {.heads = 3, .dropout = 0.2, .site = 5};
    return op_attention(t, op_sample_layout(in[0]->rows), in[0], NULL, &options);
}

static tape_node *build_bias(tape *t, tape_node **in) {
    op_attention_options options = {.heads = 2, .dropout = 0.3, .site = 5};
    return op_attention(t, op_sample_layout(in[0]->rows), in[0], in[1], &options);
}

static tape_node *build_window(tape *t, tape_node **in) {
    op_attention_options options = {.heads = 3, .dropout = 0.2, .site = 5, .window = 2};
    return op_attention(t, op_sample_layout(in[0]->rows), in[0], NULL, &options);
}

static tape_node *build_causal(tape *t, tape_node **in) {
    op_attention_options options = {.heads = 3, .dropout = 0.2, .site = 5, .causal = true};
    return op_attention(t, op_sample_layout(in[0]->rows), in[0], NULL, &options);
}

static tape_node *build_causal_window(tape *t, tape_node **in) {
    op_attention_options options = {.heads = 2, .window = 2, .causal = true};
    return op_attention(t, op_sample_layout(in[0]->rows), in[0], in[1], &options);
}

static const op_case cases[] = {
    {.name = "three heads of 5", .in = {{.rows = 14, .cols = 45}}, .build = build_plain},
    {.name = "dropout", .in = {{.rows = 9, .cols = 18}}, .build = build_plain, .dropout = true},
    {.name = "bias",
     .in = {{.rows = 14, .cols = 24}, {.rows = 2, .cols = 13}},
     .build = build_bias,
     .dropout = true},
    {.name = "a long text", .in = {{.rows = 70, .cols = 9}}, .build = build_plain, .dropout = true},
    {.name = "window", .in = {{.rows = 14, .cols = 18}}, .build = build_window, .dropout = true},
    {.name = "window in a long text",
     .in = {{.rows = 70, .cols = 9}},
     .build = build_window,
     .dropout = true},
    {.name = "causal", .in = {{.rows = 14, .cols = 18}}, .build = build_causal, .dropout = true},
    {.name = "causal in a long text",
     .in = {{.rows = 70, .cols = 9}},
     .build = build_causal,
     .dropout = true},
    {.name = "causal, bias, window",
     .in = {{.rows = 14, .cols = 24}, {.rows = 2, .cols = 13}},
     .build = build_causal_window},
    {.name = "one token", .in = {{.rows = 1, .cols = 18}}, .build = build_plain},
    {.name = "whole vectors",
     .in = {{.rows = 9, .cols = 288}},
     .build = build_plain,
     .dropout = true},
    {0},
};

static double scratch(const op_bounds *b) {
    double each = (double)op_attention_head_scratch(b->longest, b->head_cols) * sizeof(real);
    return op_dropout_rows_scratch(b->rows) + (double)base_threads_count() * each;
}

const op_def op_attention_def = {.name = "attention",
                                 .shape = shape,
                                 .forward = forward,
                                 .backward = backward,
                                 .cases = cases,
                                 .scratch = scratch};

tape_node *op_attention(tape *t, const tape_layout *layout, tape_node *qkv, tape_node *bias,
                        const op_attention_options *options) {
    settings s = {layout, *options, 0};
    for (size_t i = 0; i < layout->texts; i++)
        if (layout->start[i + 1] - layout->start[i] > s.longest)
            s.longest = layout->start[i + 1] - layout->start[i];
    return op_apply(t, &op_attention_def, (tape_node *[]){qkv, bias}, 2, &s, sizeof s);
}
