#include "autograd/helpers/dropout_rows.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"

enum { TEXTS_AT_ONCE = 8 };

typedef struct key_job {
    const tape *t;
    const tape_layout *layout;
    uint32_t site;
    bool texts; /* a row a text */
    uint64_t *key;
} key_job;

static void draw_keys(void *context, size_t begin, size_t end) {
    const key_job *j = context;
    for (size_t s = begin; s < end; s++) {
        size_t start = j->texts ? s : j->layout->start[s];
        size_t length = j->texts ? 1 : j->layout->start[s + 1] - start;
        for (size_t i = 0; i < length; i++)
            j->key[start + i] = op_dropout_key(j->t, j->layout, s, i, j->site);
    }
}

static op_dropout_rows draw(tape *t, const tape_layout *layout, size_t rows, double probability,
                            uint32_t site) {
    const op_dropout_rows none = {.scale = 1};
    if (!tape_get_mode(t)->dropout || probability <= 0)
        return none;
    uint64_t *key = op_scratch(t, rows * sizeof *key);
    if (!key)
        return none;
    key_job job = {t, layout, site, rows != layout->tokens, key};
    base_threads_range(layout->texts, TEXTS_AT_ONCE, draw_keys, &job);
    return (op_dropout_rows){key, (uint32_t)(probability * 0x1p32), REAL(1 / (1 - probability))};
}

op_dropout_rows op_dropout_rows_draw(tape *t, const tape_layout *layout, double probability,
                                     uint32_t site) {
    return draw(t, layout, layout->tokens, probability, site);
}

op_dropout_rows op_dropout_node_rows_draw(tape *t, const tape_node *n, const tape_layout *layout,
                                          double probability, uint32_t site) {
    return draw(t, layout, n->rows, probability, site);
}

double op_dropout_rows_scratch(size_t rows) {
    return (double)rows * sizeof(uint64_t);
}

kernel_mask op_dropout_row(const op_dropout_rows *rows, size_t row) {
    return (kernel_mask){rows->key ? rows->key[row] : 0, rows->threshold, rows->scale};
}

kernel_mask op_dropout_row_part(const op_dropout_rows *rows, size_t row, size_t part) {
    return (kernel_mask){rows->key ? base_random_mix(rows->key[row], part) : 0, rows->threshold,
                         rows->scale};
}

bool op_dropout_check(tape *t, const tape_node *n, double probability) {
    if (probability >= 0 && probability < 1)
        return true;
    return op_fail(t, n, "the dropout probability is %g, expected at least 0 and less than 1",
                   probability);
}
