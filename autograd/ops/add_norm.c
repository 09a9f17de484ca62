/* Residual connection and layer normalisation (Ba et al. 2016, section 3):
 *   z = residual + dropout(x), xhat = (z - mean) / sqrt(variance + epsilon), y = gamma xhat + beta,
 * mean and (population) variance over each row.
 *   in:    x [T,H], residual [T,H] or absent, gamma [1,H], beta [1,H]
 *   out:   y [T,H]
 *   saved: xhat [T,H], then 1 / sqrt(variance + epsilon) [T]
 *   g = dy gamma, dz = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + epsilon),
 *   dresidual = dz, dx = dropout(dz), dgamma = sum of dy xhat, dbeta = sum of dy over rows. */
#include "autograd/ops/column_sums.h"
#include "autograd/ops/cursor.h"
#include "autograd/ops/mask.h"
#include "autograd/ops/ops.h"
#include "autograd/ops/sample_layout.h"
#include "base/memory.h"
#include "base/threads.h"

#include <string.h>

enum { ROWS_A_TILE = 32 };

typedef struct settings {
    const tape_layout *layout;
    op_norm_options options;
} settings;

typedef struct norm_job {
    const tape *tape;
    const tape_node *node;
    op_mask mask;
    real *xhat, *inverse;         /* [T,H], [T] */
    real *dx, *dresidual;         /* NULL: not wanted */
    real beta_dx, beta_dresidual; /* 0: overwrite */
    real *partial;                /* [tiles, 2, H]: dbeta, dgamma of each tile; NULL: not wanted */
    real *row;                    /* [threads, 2, H] */
} norm_job;

static bool is_row(const tape_node *v, size_t cols) {
    return v && v->rows == 1 && v->cols == cols;
}

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    const tape_node *x = n->in[0], *residual = n->in[1];
    if (!x || x->cols == 0 || x->rows != s->layout->tokens)
        return op_fail(t, n, "x is [%zu, %zu], expected one row for each of %zu tokens",
                       x ? x->rows : 0, x ? x->cols : 0, s->layout->tokens);
    if (residual && (residual->rows != x->rows || residual->cols != x->cols))
        return op_fail(t, n, "residual is [%zu, %zu], expected [%zu, %zu]", residual->rows,
                       residual->cols, x->rows, x->cols);
    if (!is_row(n->in[2], x->cols) || !is_row(n->in[3], x->cols))
        return op_fail(t, n, "gamma and beta must be [1, %zu]", x->cols);
    if (!op_mask_check(t, n, s->options.dropout))
        return false;
    n->rows = x->rows;
    n->cols = x->cols;
    size_t numbers;
    if (!base_size_mul(n->rows, n->cols + 1, &numbers) ||
        !base_size_mul(numbers, sizeof(real), &n->saved_bytes))
        return op_fail(t, n, "[%zu, %zu] is more than memory can hold", n->rows, n->cols);
    return true;
}

static norm_job new_job(tape *t, const tape_node *n) {
    const settings *s = n->attr;
    real *xhat = n->saved;
    return (norm_job){.tape = t,
                      .node = n,
                      .mask = op_mask_new(t, s->options.dropout),
                      .xhat = xhat ? xhat : n->value,
                      .inverse = xhat ? xhat + n->rows * n->cols : NULL};
}

static uint64_t row_key(const norm_job *j, const op_cursor *at) {
    const settings *s = j->node->attr;
    return j->mask.on ? op_dropout_key(j->tape, s->layout, at->text, at->position, s->options.site)
                      : 0;
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const norm_job *j = context;
    const tape_node *n = j->node;
    const settings *s = n->attr;
    const kernel_table *k = tape_kernels(j->tape);
    size_t cols = n->cols;
    op_cursor at = op_cursor_at(s->layout, begin);
    for (size_t r = begin; r < end; r++, op_cursor_next(&at)) {
        real *z = j->xhat + r * cols;
        op_mask_row(&j->mask, k, row_key(j, &at), cols, n->in[0]->value + r * cols, z);
        if (n->in[1])
            k->add(cols, n->in[1]->value + r * cols, z);
        real inverse = k->norm(cols, z, n->in[2]->value, n->in[3]->value, s->options.epsilon, z,
                               n->value + r * cols);
        if (j->inverse)
            j->inverse[r] = inverse;
    }
}

static void forward(tape *t, tape_node *n) {
    norm_job job = new_job(t, n);
    base_threads_range(n->rows, ROWS_A_TILE, forward_rows, &job);
}

static void write_or_add(const kernel_table *k, size_t n, real beta, const real *from, real *to) {
    if (beta == 0)
        memcpy(to, from, n * sizeof *to);
    else
        k->add(n, from, to);
}

static void backward_row(const norm_job *j, const op_cursor *at, size_t r) {
    const tape_node *n = j->node;
    const kernel_table *k = tape_kernels(j->tape);
    size_t cols = n->cols;
    real *dz = j->row + base_threads_self() * 2 * cols, *masked = dz + cols;
    k->norm_backward(cols, op_upstream(n) + r * cols, j->xhat + r * cols, n->in[2]->value,
                     j->inverse[r], dz);
    if (j->dresidual)
        write_or_add(k, cols, j->beta_dresidual, dz, j->dresidual + r * cols);
    if (!j->dx)
        return;
    real *to = j->beta_dx == 0 ? j->dx + r * cols : masked;
    op_mask_row(&j->mask, k, row_key(j, at), cols, dz, to);
    if (to == masked)
        k->add(cols, masked, j->dx + r * cols);
}

static void backward_tile(void *context, size_t tile) {
    const norm_job *j = context;
    const tape_node *n = j->node;
    const settings *s = n->attr;
    size_t cols = n->cols, begin = tile * ROWS_A_TILE;
    size_t end = n->rows - begin < ROWS_A_TILE ? n->rows : begin + ROWS_A_TILE;
    real *sums = j->partial ? j->partial + tile * 2 * cols : NULL;
    if (sums)
        memset(sums, 0, 2 * cols * sizeof *sums);
    op_cursor at = op_cursor_at(s->layout, begin);
    for (size_t r = begin; r < end; r++, op_cursor_next(&at)) {
        if (sums)
            tape_kernels(j->tape)->add_both(cols, op_upstream(n) + r * cols, j->xhat + r * cols,
                                            sums, sums + cols);
        if (j->dx || j->dresidual)
            backward_row(j, &at, r);
    }
}

/* dbeta and dgamma: the tiles' sums, added in their order. */
static void add_partials(tape *t, tape_node *n, const real *partial, size_t tiles) {
    real beta;
    size_t cols = n->cols;
    real *sums = op_scratch(t, 2 * cols * sizeof *sums);
    if (!sums)
        return;
    op_column_sums(tiles, 2 * cols, partial, 0, sums);
    real *dbeta = op_grad_write(t, n->in[3], &beta);
    if (dbeta)
        write_or_add(tape_kernels(t), cols, beta, sums, dbeta);
    real *dgamma = op_grad_write(t, n->in[2], &beta);
    if (dgamma)
        write_or_add(tape_kernels(t), cols, beta, sums + cols, dgamma);
}

static void backward(tape *t, tape_node *n) {
    norm_job job = new_job(t, n);
    size_t tiles = (n->rows + ROWS_A_TILE - 1) / ROWS_A_TILE, pair = 2 * n->cols * sizeof(real);
    bool sums = n->in[2]->wants_grad || n->in[3]->wants_grad;
    job.dresidual = op_grad_write(t, n->in[1], &job.beta_dresidual);
    job.dx = op_grad_write(t, n->in[0], &job.beta_dx);
    job.row = op_scratch(t, base_threads_count() * pair);
    job.partial = sums ? op_scratch(t, tiles * pair) : NULL;
    if (!job.row || (sums && !job.partial))
        return;
    base_threads_run(tiles, backward_tile, &job);
    if (sums)
        add_partials(t, n, job.partial, tiles);
}

static tape_node *build_residual(tape *t, tape_node **in) {
    op_norm_options options = {1e-5, 0.3, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], in[1], in[2], in[3], &options);
}

static tape_node *build_plain(tape *t, tape_node **in) {
    op_norm_options options = {1e-12, 0, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], NULL, in[1], in[2], &options);
}

static tape_node *build_doubled(tape *t, tape_node **in) {
    op_norm_options options = {1e-5, 0.2, 3};
    return op_add_norm(t, op_sample_layout(in[0]->rows), in[0], in[0], in[1], in[2], &options);
}

#define ROW(cols)                                                                                  \
    { 1, cols, -1, 1, 0 }

static const op_case cases[] = {
    {"residual, dropout",
     4,
     {{9, 19, -1, 1, 0}, {9, 19, -1, 1, 0}, ROW(19), ROW(19)},
     build_residual,
     true},
    {"no residual", 3, {{4, 8, -1, 1, 0}, ROW(8), ROW(8)}, build_plain, false},
    {"two tiles of rows", 3, {{70, 6, -1, 1, 0}, ROW(6), ROW(6)}, build_plain, false},
    {"x as its own residual", 3, {{9, 5, -1, 1, 0}, ROW(5), ROW(5)}, build_doubled, true},
    {0},
};

const op_def op_add_norm_def = {"add_norm", shape, forward, backward, cases, NULL};

tape_node *op_add_norm(tape *t, const tape_layout *layout, tape_node *x, tape_node *residual,
                       tape_node *gamma, tape_node *beta, const op_norm_options *options) {
    settings s = {layout, *options};
    return op_apply(t, &op_add_norm_def, (tape_node *[]){x, residual, gamma, beta}, 4, &s,
                    sizeof s);
}
