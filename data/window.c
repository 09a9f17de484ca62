#include "data/window.h"

#include "base/random.h"
#include "data/permutation.h"

#include <stdlib.h>

static size_t most_batches(const data_window_options *o) {
    size_t rows = o->window_rows ? o->window_rows : DATA_WINDOW_ROWS;
    return rows > o->batch_size ? rows / o->batch_size : 1;
}

static size_t batches_of(const data_window_options *o, size_t rows) {
    return rows / o->batch_size + (rows % o->batch_size > 0);
}

size_t data_window_count(const data_window_options *o, const data_token_store *store) {
    size_t rows = data_token_store_rows(store), batches = batches_of(o, rows);
    size_t most = most_batches(o), whole = o->window_rows ? o->window_rows : DATA_WHOLE_ROWS;
    return rows <= whole ? 1 : (batches + most - 1) / most;
}

/* The first row of a window in the epoch's order: windows have equally many batches, or one more.
 */
static size_t first_of(const data_window_options *o, size_t rows, size_t windows, size_t index) {
    size_t batch = batches_of(o, rows) * index / windows;
    return index == windows ? rows : batch * o->batch_size;
}

/* ---- rows ---- */

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void fill_rows(data_window *w, const data_window_options *o, size_t rows, size_t first) {
    base_random r = base_random_stream(o->seed, "window");
    size_t block = o->block ? o->block : 1, blocks = rows / block;
    uint64_t turn = o->in_order ? 0 : base_random_below(&r, rows);
    data_permutation order = data_permutation_of(blocks ? blocks : 1, base_random_next(&r));
    for (size_t i = 0; i < w->rows; i++) {
        uint64_t at = first + i;
        if (!o->in_order && at / block < blocks)
            at = data_permutation_at(&order, at / block) * block + at % block;
        w->row[i] = (uint32_t)((at + turn) % rows);
    }
    if (!o->in_order) /* so that files are read from their beginning to their end */
        qsort(w->row, w->rows, sizeof *w->row, ascending);
}

/* ---- texts ---- */

static uint32_t number_of(data_window *w, uint64_t key) {
    size_t tried = 0;
    uint64_t hash = base_random_mix(key, 0);
    for (uint32_t i; (i = base_hash_next(&w->found, hash, &tried)) != BASE_HASH_NONE;)
        if (w->key[i] == key)
            return i;
    w->key[w->found.count] = key;
    base_hash_add(&w->found, hash, NULL);
    return (uint32_t)w->found.count - 1;
}

/* Numbers the texts by their keys, in order of their first appearance. */
static bool number_texts(data_window *w, const data_token_store *store, base_error *error) {
    size_t positions;
    if (!base_size_mul(w->rows, w->columns, &positions) ||
        !base_grow(&w->number, &w->number_capacity, positions, sizeof *w->number, error) ||
        !base_grow(&w->key, &w->key_capacity, positions, sizeof *w->key, error))
        return base_fail(error, BASE_FAILED, "out of memory for a window of %zu rows", w->rows);
    base_hash_clear(&w->found);
    if (!base_hash_reserve(&w->found, positions, error))
        return false;
    for (size_t i = 0; i < w->rows; i++)
        for (size_t c = 0; c < w->columns; c++)
            w->number[i * w->columns + c] =
                number_of(w, data_token_store_text(store, w->row[i], c));
    w->text = w->number;
    w->texts = w->found.count;
    return true;
}

bool data_window_fill(data_window *w, const data_window_options *o, const data_token_store *store,
                      size_t index, base_error *error) {
    size_t rows = data_token_store_rows(store), windows = data_window_count(o, store);
    size_t first = first_of(o, rows, windows, index);
    const uint32_t *numbers = windows == 1 ? data_token_store_texts(store, &w->texts) : NULL;
    w->rows = first_of(o, rows, windows, index + 1) - first;
    w->columns = data_token_store_columns(store);
    w->whole = windows == 1;
    w->text = numbers;
    if (!base_grow(&w->row, &w->row_capacity, w->rows, sizeof *w->row, error) ||
        (o->labels && !base_grow(&w->label, &w->label_capacity, w->rows, sizeof *w->label, error)))
        return false;
    if (w->whole)
        for (size_t i = 0; i < rows; i++)
            w->row[i] = (uint32_t)i;
    else
        fill_rows(w, o, rows, first);
    for (size_t i = 0; o->labels && i < w->rows; i++)
        w->label[i] = data_token_store_label(store, w->row[i]);
    return !o->texts || numbers || number_texts(w, store, error);
}

void data_window_free(data_window *w) {
    free(w->row);
    free(w->label);
    free(w->number);
    free(w->key);
    base_hash_free(&w->found);
    *w = (data_window){0};
}
