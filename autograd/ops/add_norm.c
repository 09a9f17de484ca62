/* Residual sum and layer normalisation (Ba, Kiros & Hinton 2016), by rows:
 * z = residual + dropout(x), xhat = (z - mean z) / sqrt(var z + epsilon), y = gamma xhat + beta.
 *   in:    x [T,H] (or a row a text, [S,H]), residual as x or absent, gamma [1,H], beta [1,H] or
 *          absent
 *   out:   y [T,H]
 *   saved: xhat [T,H], then 1 / sqrt(var z + epsilon) of each row [T]
 *   dresidual = dz, dx = dz where kept, with
 *   dz = rstd (g - mean g - xhat mean(g xhat)), g = gamma dy;
 *   dgamma = sum over rows of dy xhat, dbeta = sum over rows of dy: block by block of rows, then
 *   the blocks in order. */
#include "autograd/helpers/dropout_rows.h"
#include "autograd/helpers/rows.h"
#include "autograd/helpers/sample_layout.h"
#include "autograd/helpers/shapes.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

#include <string.h>

enum { X, RESIDUAL, GAMMA, BETA, INPUTS };
enum { BLOCK_ROWS = 16 };

typedef struct settings {
    const tape_layout *layout;
    op_norm_options options;
} settings;

typedef struct norm_job {
    const kernel_table *kernels;
    const tape_node *node;
    op_dropout_rows masks;
    const real *beta;
    real *xhat, *rstd;
    real *dx, *dresidual, beta_x, beta_residual;
    real *dgamma, *dbeta; /* [blocks, H], NULL when not wanted */
} norm_job;

static size_t blocks_of(const tape_node *n) {
    return (n->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
}

static norm_job make_job(tape *t, const tape_node *n) {
    const settings *s = n->attr;
    real *saved = n->saved;
    return (norm_job){
        .kernels = tape_kernels(t),
        .node = n,
        .masks = op_dropout_node_rows_draw(t, n, s->layout, s->options.dropout, s->options.site),
        .xhat = saved,
        .rstd = saved ? saved + n->rows * n->cols : NULL,
    };
}

static bool check_inputs(tape *t, const tape_node *n) {
    const tape_node *residual = n->in[RESIDUAL];
    if (residual && (residual->rows != n->rows || residual->cols != n->cols))
        return op_fail(t, n, "residual is [%zu, %zu], expected [%zu, %zu]", residual->rows,
                       residual->cols, n->rows, n->cols);
    for (size_t i = GAMMA; i <= BETA; i++)
        if (n->in[i] ? n->in[i]->rows != 1 || n->in[i]->cols != n->cols : i == GAMMA)
            return op_fail(t, n, "gamma or beta is not [1, %zu]", n->cols);
    return true;
}

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    size_t elements;
    if (!op_shape_as_first(t, n) || !op_shape_tokens_or_texts(t, n, s->layout) ||
        !check_inputs(t, n) || !op_dropout_check(t, n, s->options.dropout))
        return false;
    if (!base_size_mul(n->rows, n->cols + 1, &elements) ||
        !base_size_mul(elements, sizeof(real), &n->saved_bytes))
        return op_fail(t, n, "%zu rows are more than memory can hold", n->rows);
    return true;
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const norm_job *j = context;
    const tape_node *n = j->node;
    const settings *s = n->attr;
    const real *residual = n->in[RESIDUAL] ? n->in[RESIDUAL]->value : NULL;
    for (size_t r = begin; r < end; r++) {
        size_t at = r * n->cols;
        real rstd = j->kernels->add_norm(n->cols, op_dropout_row(&j->masks, r),
                                         n->in[X]->value + at, residual ? residual + at : NULL,
                                         REAL(s->options.epsilon), n->in[GAMMA]->value, j->beta,
                                         j->xhat ? j->xhat + at : NULL, n->value + at);
        if (j->rstd)
            j->rstd[r] = rstd;
    }
}

static void forward(tape *t, tape_node *n) {
    norm_job job = make_job(t, n);
    real *zero = n->in[BETA] ? NULL : op_scratch(t, n->cols * sizeof *zero);
    if (zero)
        memset(zero, 0, n->cols * sizeof *zero);
    job.beta = n->in[BETA] ? n->in[BETA]->value : zero;
    if (!job.beta)
        return;
    op_over_rows(n->rows, n->cols, forward_rows, &job);
}

static void backward_row(const norm_job *j, size_t r) {
    const tape_node *n = j->node;
    size_t at = r * n->cols;
    j->kernels->add_norm_backward(n->cols, op_dropout_row(&j->masks, r), op_upstream(n) + at,
                                  j->xhat + at, j->rstd[r], n->in[GAMMA]->value, j->beta_x,
                                  j->dx ? j->dx + at : NULL, j->beta_residual,
                                  j->dresidual ? j->dresidual + at : NULL);
}

static void sum_block(const norm_job *j, size_t block, size_t begin, size_t end) {
    size_t cols = j->node->cols;
    const real *dy = op_upstream(j->node);
    real *dgamma = j->dgamma ? j->dgamma + block * cols : NULL;
    real *dbeta = j->dbeta ? j->dbeta + block * cols : NULL;
    if (dgamma)
        memset(dgamma, 0, cols * sizeof *dgamma);
    if (dbeta)
        memset(dbeta, 0, cols * sizeof *dbeta);
    for (size_t r = begin; r < end; r++) {
        if (dgamma)
            j->kernels->add_product(cols, dy + r * cols, j->xhat + r * cols, dgamma);
        if (dbeta)
            j->kernels->add(cols, dy + r * cols, dbeta);
    }
}

static void backward_block(void *context, size_t block) {
    const norm_job *j = context;
    size_t begin = block * BLOCK_ROWS, end = begin + BLOCK_ROWS;
    if (end > j->node->rows)
        end = j->node->rows;
    for (size_t r = begin; (j->dx || j->dresidual) && r < end; r++)
        backward_row(j, r);
    sum_block(j, block, begin, end);
}

static void add_blocks(tape *t, tape_node *n, tape_node *to, const real *parts) {
    real beta, *grad = op_grad_write(t, to, &beta);
    if (grad && parts)
        op_column_sums(tape_kernels(t), blocks_of(n), n->cols, parts, beta, grad);
}

static void backward(tape *t, tape_node *n) {
    norm_job job = make_job(t, n);
    size_t bytes = blocks_of(n) * n->cols * sizeof(real);
    job.dx = op_grad_write(t, n->in[X], &job.beta_x);
    job.dresidual = op_grad_write(t, n->in[RESIDUAL], &job.beta_residual);
    if (n->in[GAMMA]->wants_grad)
        job.dgamma = op_scratch(t, bytes);
    if (n->in[BETA] && n->in[BETA]->wants_grad)
        job.dbeta = op_scratch(t, bytes);
    base_threads_run(blocks_of(n), backward_block, &job);
    add_blocks(t, n, n->in[GAMMA], job.dgamma);
    add_blocks(t, n, n->in[BETA], job.dbeta);
}

static tape_node *build_residual(tape *t, tape_node **in) {
    op_norm_options options = {1e-5, 0.3, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], in[1], in[2], in[3], &options);
}

static tape_node *build_plain(tape *t, tape_node **in) {
    op_norm_options options = {1e-12, 0, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], NULL, in[1], in[2], &options);
}

static tape_node *build_no_beta(tape *t, tape_node **in) {
    op_norm_options options = {1e-5, 0, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], NULL, in[1], NULL, &options);
}

static tape_node *build_doubled(tape *t, tape_node **in) {
    op_norm_options options = {1e-5, 0.2, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], in[0], in[1], in[2], &options);
}

static tape_node *build_texts(tape *t, tape_node **in) {
    op_norm_options options = {1e-5, 0, 3};
    return op_add_norm(t, op_sample_layout(14), in[0], NULL, in[1], in[2], &options);
}

static const op_case cases[] = {
    {.name = "residual, dropout",
     .in = {{.rows = 9, .cols = 19},
            {.rows = 9, .cols = 19},
            {.rows = 1, .cols = 19},
            {.rows = 1, .cols = 19}},
     .build = build_residual,
     .dropout = true},
    {.name = "no residual",
     .in = {{.rows = 4, .cols = 8}, {.rows = 1, .cols = 8}, {.rows = 1, .cols = 8}},
     .build = build_plain},
    {.name = "no beta",
     .in = {{.rows = 4, .cols = 9}, {.rows = 1, .cols = 9}},
     .build = build_no_beta},
    {.name = "five blocks of rows",
     .in = {{.rows = 70, .cols = 6}, {.rows = 1, .cols = 6}, {.rows = 1, .cols = 6}},
     .build = build_plain},
    {.name = "x as its own residual",
     .in = {{.rows = 9, .cols = 37}, {.rows = 1, .cols = 37}, {.rows = 1, .cols = 37}},
     .build = build_doubled,
     .dropout = true},
    {.name = "a row a text",
     .in = {{.rows = 4, .cols = 19}, {.rows = 1, .cols = 19}, {.rows = 1, .cols = 19}},
     .build = build_texts},
    {0},
};

static double scratch(const op_bounds *b) {
    double blocks = (double)(b->rows / BLOCK_ROWS + 1), columns = 2 * (double)b->cols;
    return op_dropout_rows_scratch(b->rows) + blocks * columns * sizeof(real);
}

const op_def op_add_norm_def = {.name = "add_norm",
                                .shape = shape,
                                .forward = forward,
                                .backward = backward,
                                .cases = cases,
                                .scratch = scratch};

tape_node *op_add_norm(tape *t, const tape_layout *layout, tape_node *x, tape_node *residual,
                       tape_node *gamma, tape_node *beta, const op_norm_options *options) {
    settings s = {layout, *options};
    return op_apply(t, &op_add_norm_def, (tape_node *[]){x, residual, gamma, beta}, INPUTS, &s,
                    sizeof s);
}
