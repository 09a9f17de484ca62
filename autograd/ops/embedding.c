/* Embeddings (Devlin et al. 2019, section 3): y = words[id] + positions[offset + position] +
 * types[type].
 *   in:    words [V,H], positions [P,H] or absent, types [Y,H] or absent
 *   out:   y [T,H]
 *   saved: nothing
 *   Gradients: each row of a table is the sum of dy over the tokens that looked it up, in token
 *   order. Those of a sparse table are compact (autograd/param.h). */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/sample_layout.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <string.h>

enum { TABLES = 3, COLUMNS_A_TILE = 64 };

typedef struct settings {
    const tape_layout *layout;
    size_t offset;
} settings;

typedef struct lookup_job {
    const kernel_table *kernels;
    const tape_node *node;
    const real *dy;
    real **target[TABLES]; /* [T] gradient row of each token; NULL: not wanted */
} lookup_job;

/* A packed token row, with its text and its position in it. */
typedef struct cursor {
    const tape_layout *layout;
    size_t text, position;
} cursor;

/* At token row `row` (< tokens). */
static cursor cursor_at(const tape_layout *layout, size_t row) {
    size_t low = 0, high = layout->texts;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (layout->start[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return (cursor){layout, low, row - layout->start[low]};
}

/* On to the next row; empty texts are passed over. */
static void cursor_next(cursor *c) {
    const uint32_t *start = c->layout->start;
    c->position++;
    while (c->text < c->layout->texts && start[c->text] + c->position >= start[c->text + 1]) {
        c->text++;
        c->position = 0;
    }
}

/* Row of table `table` that the token under the cursor looks up. */
static size_t looked_up(const settings *s, size_t table, size_t token, size_t position) {
    const tape_layout *l = s->layout;
    return table == 0   ? l->ids[token]
           : table == 1 ? s->offset + position
           : l->types   ? l->types[token]
                        : 0;
}

static bool check_rows(tape *t, tape_node *n, size_t table) {
    static const char *const names[] = {"token id", "position", "token type"};
    const settings *s = n->attr;
    if (!n->in[table] || s->layout->tokens == 0)
        return true;
    cursor at = cursor_at(s->layout, 0);
    for (size_t i = 0; i < s->layout->tokens; i++, cursor_next(&at)) {
        size_t row = looked_up(s, table, i, at.position);
        if (row >= n->in[table]->rows)
            return op_fail(t, n, "%s %zu of token %zu, expected below %zu", names[table], row, i,
                           n->in[table]->rows);
    }
    return true;
}

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    if (!n->in[0])
        return op_fail(t, n, "there is no table of words");
    n->rows = s->layout->tokens;
    n->cols = n->in[0]->cols;
    for (size_t i = 0; i < TABLES; i++) {
        if (n->in[i] && n->in[i]->cols != n->cols)
            return op_fail(t, n, "tables have %zu and %zu columns, expected equal ones", n->cols,
                           n->in[i]->cols);
        if (!check_rows(t, n, i))
            return false;
    }
    return true;
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const lookup_job *j = context;
    const tape_node *n = j->node;
    const settings *s = n->attr;
    size_t cols = n->cols;
    cursor at = cursor_at(s->layout, begin);
    for (size_t r = begin; r < end; r++, cursor_next(&at)) {
        real *y = n->value + r * cols;
        memcpy(y, n->in[0]->value + looked_up(s, 0, r, 0) * cols, cols * sizeof *y);
        for (size_t i = 1; i < TABLES; i++)
            if (n->in[i])
                j->kernels->add(cols, n->in[i]->value + looked_up(s, i, r, at.position) * cols, y);
    }
}

static void forward(tape *t, tape_node *n) {
    lookup_job job = {.kernels = tape_kernels(t), .node = n};
    op_over_rows(n->rows, n->cols, forward_rows, &job);
}

/* A tile owns some columns of every table and adds the tokens in order. */
static void backward_columns(void *context, size_t begin, size_t end) {
    const lookup_job *j = context;
    for (size_t r = 0; r < j->node->rows; r++)
        for (size_t i = 0; i < TABLES; i++)
            if (j->target[i])
                j->kernels->add(end - begin, j->dy + r * j->node->cols + begin,
                                j->target[i][r] + begin);
}

static real *sparse_row(tape_param *param, size_t row) {
    bool fresh;
    real *grad = tape_param_sparse_row(param, (uint32_t)row, &fresh);
    if (fresh)
        memset(grad, 0, param->cols * sizeof *grad);
    param->has_grad = true;
    return grad;
}

/* Gradient rows of all tokens in one table; NULL when no gradient is wanted. */
static real **find_targets(tape *t, tape_node *n, size_t table) {
    const settings *s = n->attr;
    tape_node *in = n->in[table];
    if (!in || !in->wants_grad || n->rows == 0)
        return NULL;
    bool sparse = in->param && in->param->sparse;
    real *dense = sparse ? NULL : op_grad(t, in);
    real **target = op_scratch(t, n->rows * sizeof *target);
    if (!target || (!sparse && !dense))
        return NULL;
    cursor at = cursor_at(s->layout, 0);
    for (size_t i = 0; i < n->rows; i++, cursor_next(&at)) {
        size_t row = looked_up(s, table, i, at.position);
        target[i] = sparse ? sparse_row(in->param, row) : dense + row * n->cols;
    }
    return target;
}

static void backward(tape *t, tape_node *n) {
    lookup_job job = {.kernels = tape_kernels(t), .node = n, .dy = op_upstream(n)};
    for (size_t i = 0; i < TABLES; i++)
        job.target[i] = find_targets(t, n, i);
    base_threads_range(n->cols, COLUMNS_A_TILE, backward_columns, &job);
}

static tape_node *build_all(tape *t, tape_node **in) {
    return op_embedding(t, op_sample_layout(14), in[0], in[1], in[2], 0);
}

static tape_node *build_offset(tape *t, tape_node **in) {
    return op_embedding(t, op_sample_layout(9), in[0], in[1], NULL, 2);
}

static tape_node *build_words(tape *t, tape_node **in) {
    return op_embedding(t, op_sample_layout(4), in[0], NULL, NULL, 0);
}

static const op_case cases[] = {
    {.name = "three tables",
     .in = {{.rows = 11, .cols = 7}, {.rows = 8, .cols = 7}, {.rows = 2, .cols = 7}},
     .build = build_all},
    {.name = "offset",
     .in = {{.rows = 11, .cols = 70}, {.rows = 7, .cols = 70}},
     .build = build_offset},
    {.name = "words", .in = {{.rows = 11, .cols = 3}}, .build = build_words},
    {0},
};

static double scratch(const op_bounds *b) {
    return (double)b->rows * TABLES * sizeof(real *);
}

const op_def op_embedding_def = {.name = "embedding",
                                 .shape = shape,
                                 .forward = forward,
                                 .backward = backward,
                                 .cases = cases,
                                 .scratch = scratch};

tape_node *op_embedding(tape *t, const tape_layout *layout, tape_node *words, tape_node *positions,
                        tape_node *types, size_t position_offset) {
    settings s = {layout, position_offset};
    return op_apply(t, &op_embedding_def, (tape_node *[]){words, positions, types}, 3, &s,
                    sizeof s);
}
