#include "data/token_store.h"

#include "data/pair.h"
#include "data/token_store_def.h"

#include <math.h>
#include <stdlib.h>

data_token_store *data_token_store_new(data_corpus *corpus, const data_tokenising *how,
                                       base_error *error) {
    data_token_store *store = base_alloc(1, sizeof *store, error);
    bool ok = store && data_token_store_make(store, corpus, 0, how, error);
    data_corpus_free(corpus);
    if (ok)
        return store;
    data_token_store_free(store);
    return NULL;
}

static void free_arrays(data_token_store *store) {
    if (store->slot_of != store->text_of)
        free(store->slot_of);
    free(store->text_of);
    free(store->start);
    free(store->ids);
    free(store->label);
    free(store->score);
    free(store->line);
}

void data_token_store_free(data_token_store *store) {
    if (!store)
        return;
    if (store->folder)
        free(store->folder);
    else
        free_arrays(store);
    for (size_t i = 0; i < sizeof store->map / sizeof *store->map; i++)
        base_mapping_close(&store->map[i]);
    free(store->to);
    free(store->skip);
    free(store->of_length);
    free(store->name);
    free(store);
}

const char *data_token_store_name(const data_token_store *store) {
    return store->name;
}

size_t data_token_store_rows(const data_token_store *store) {
    return store->rows;
}

size_t data_token_store_columns(const data_token_store *store) {
    return store->columns;
}

data_target_kind data_token_store_kind(const data_token_store *store) {
    return store->kind;
}

uint32_t data_token_store_label(const data_token_store *store, size_t row) {
    uint32_t label = store->label ? store->label[row] : 0;
    return !store->to ? label : label < store->labels ? store->to[label] : 0;
}

double data_token_store_score(const data_token_store *store, size_t row) {
    if (!store->score)
        return data_token_store_label(store, row);
    double score = store->score[row], low = store->low, high = store->high;
    return high > low ? (score - low) / (high - low) : score;
}

bool data_token_store_pairs(const data_token_store *store) {
    return store->tokenizer != NULL;
}

size_t data_token_store_sequences(const data_token_store *store) {
    return store->tokenizer ? store->columns - 1 : store->columns;
}

size_t data_token_store_longest(const data_token_store *store) {
    return store->longest;
}

size_t data_token_store_pair_length(const data_token_store *store, size_t row, size_t other,
                                    size_t column) {
    size_t columns = store->columns;
    return data_pair_length(store->tokenizer, data_token_store_length(store, row * columns),
                            data_token_store_length(store, other * columns + column),
                            store->max_length);
}

size_t data_token_store_pair(const data_token_store *store, size_t row, size_t other, size_t column,
                             uint32_t *ids, uint32_t *types) {
    data_pair pair;
    pair.first = data_token_store_ids(store, row, 0, &pair.first_count);
    pair.second = data_token_store_ids(store, other, column, &pair.second_count);
    return data_pair_join(store->tokenizer, &pair, store->max_length, ids, types);
}

size_t data_token_store_line(const data_token_store *store, size_t row) {
    return store->line[row];
}

const uint32_t *data_token_store_ids(const data_token_store *store, size_t row, size_t column,
                                     size_t *count) {
    size_t position = row * store->columns + column;
    *count = data_token_store_length(store, position);
    return store->ids + store->start[store->slot_of ? store->slot_of[position] : position];
}

size_t data_token_store_skip(const data_token_store *store, size_t row, size_t column) {
    size_t count = data_token_store_length(store, row * store->columns + column);
    return data_prompt_skip(&(data_prompt){.skip = store->skip[column]}, count);
}

uint64_t data_token_store_text(const data_token_store *store, size_t row, size_t column) {
    size_t position = row * store->columns + column;
    return store->hash ? store->hash[position] : store->text_of[position];
}

const uint32_t *data_token_store_texts(const data_token_store *store, size_t *distinct) {
    *distinct = store->distinct;
    return store->text_of;
}

size_t data_token_store_truncated(const data_token_store *store) {
    return store->truncated;
}

size_t data_token_store_percentile(const data_token_store *store, double percentile) {
    size_t sequences = store->rows * data_token_store_sequences(store);
    double wanted = ceil(percentile / 100 * (double)sequences);
    size_t seen = 0, length = 0;
    for (; length < store->longest; length++) {
        seen += store->of_length[length];
        if (seen > 0 && (double)seen >= wanted)
            break;
    }
    return length;
}
