#include "data/hold_out.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

void data_draw_rows(size_t rows, size_t wanted, base_random random, bool *taken) {
    for (size_t i = 0; i < rows; i++)
        taken[i] = base_random_takes(&random, rows - i, &wanted);
}

/* Rows and the groups that they make: disjoint sets, as trees (Galler & Fischer 1964). */
typedef struct groups {
    const data_corpus *corpus;
    base_hash texts;
    uint32_t *place; /* [texts.count] row * columns + column where each text came first */
    uint32_t *above; /* [rows] the next row on the way to the first of the group; that: itself */
    uint32_t *size;  /* [rows] of the group, at its first row */
    uint32_t *order; /* [groups] first rows */
} groups;

static uint32_t first_of(groups *g, uint32_t row) {
    while (g->above[row] != row)
        row = g->above[row] = g->above[g->above[row]]; /* halves the way */
    return row;
}

static void join(groups *g, uint32_t a, uint32_t b) {
    a = first_of(g, a);
    b = first_of(g, b);
    g->above[a > b ? a : b] = a > b ? b : a;
}

static data_text text_at(const data_corpus *corpus, uint32_t place) {
    size_t columns = data_corpus_columns(corpus);
    data_row row;
    data_corpus_row(corpus, place / columns, &row);
    return row.text[place % columns];
}

/* Joins the row with the one that had the text first. */
static bool join_text(groups *g, uint32_t row, size_t column, data_text text, base_error *error) {
    uint64_t hash = base_hash_bytes(text.bytes, text.size);
    size_t columns = data_corpus_columns(g->corpus), tried = 0;
    for (uint32_t n; (n = base_hash_next(&g->texts, hash, &tried)) != BASE_HASH_NONE;) {
        data_text known = text_at(g->corpus, g->place[n]);
        if (known.size == text.size && !memcmp(known.bytes, text.bytes, text.size)) {
            join(g, row, (uint32_t)(g->place[n] / columns));
            return true;
        }
    }
    g->place[g->texts.count] = (uint32_t)(row * columns + column);
    return base_hash_add(&g->texts, hash, error);
}

static bool join_rows(groups *g, size_t rows, base_error *error) {
    for (uint32_t i = 0; i < rows; i++) {
        data_row row;
        data_corpus_row(g->corpus, i, &row);
        g->above[i] = i;
        for (size_t c = 0; c < row.columns; c++)
            if (!join_text(g, i, c, row.text[c], error))
                return false;
    }
    for (uint32_t i = 0; i < rows; i++)
        g->size[first_of(g, i)]++;
    return true;
}

/* Takes groups while there is room for them. */
static void take_groups(groups *g, size_t rows, size_t wanted, base_random *random, bool *taken,
                        size_t *held, size_t *count) {
    size_t all = 0;
    for (uint32_t i = 0; i < rows; i++)
        if (g->above[i] == i)
            g->order[all++] = i;
    base_random_shuffle(random, g->order, all);
    memset(taken, 0, rows * sizeof *taken);
    *held = *count = 0;
    for (size_t i = 0; i < all; i++) {
        uint32_t first = g->order[i];
        if (g->size[first] > wanted - *held)
            continue;
        taken[first] = true;
        *held += g->size[first];
        ++*count;
    }
    for (uint32_t i = 0; i < rows; i++)
        taken[i] = taken[first_of(g, i)];
}

bool data_hold_out(const data_corpus *corpus, size_t wanted, base_random random, bool *taken,
                   size_t *held, size_t *count, base_error *error) {
    size_t rows = data_corpus_rows(corpus), texts;
    groups g = {.corpus = corpus};
    bool ok = (base_size_mul(rows, data_corpus_columns(corpus), &texts) ||
               base_fail(error, BASE_FAILED, "out of memory")) &&
              (g.place = base_alloc(texts, sizeof *g.place, error)) &&
              (g.above = base_alloc(rows, sizeof *g.above, error)) &&
              (g.size = base_alloc(rows, sizeof *g.size, error)) &&
              (g.order = base_alloc(rows, sizeof *g.order, error)) && join_rows(&g, rows, error);
    if (ok)
        take_groups(&g, rows, wanted, &random, taken, held, count);
    base_hash_free(&g.texts);
    free(g.place);
    free(g.above);
    free(g.size);
    free(g.order);
    return ok;
}
