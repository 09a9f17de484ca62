#include "data/batch.h"

#include <stdlib.h>
#include <string.h>

static bool resize(void *array_pointer, size_t count, size_t size, base_error *error) {
    size_t none = 0;
    return base_grow(array_pointer, &none, count, size, error);
}

static bool reserve_texts(data_batch *b, size_t texts, base_error *error) {
    if (texts <= b->texts_capacity)
        return true;
    if (texts == SIZE_MAX || !resize(&b->start, texts + 1, sizeof *b->start, error) ||
        !resize(&b->example, texts, sizeof *b->example, error) ||
        !resize(&b->column, texts, sizeof *b->column, error) ||
        !resize(&b->row, texts, sizeof *b->row, error) ||
        !resize(&b->label, texts, sizeof *b->label, error) ||
        !resize(&b->score, texts, sizeof *b->score, error))
        return base_fail(error, BASE_FAILED, "out of memory for a batch of %zu texts", texts);
    b->texts_capacity = texts;
    return true;
}

static bool reserve_tokens(data_batch *b, size_t tokens, base_error *error) {
    if (tokens <= b->tokens_capacity)
        return true;
    if (tokens > UINT32_MAX || !resize(&b->ids, tokens, sizeof *b->ids, error) ||
        !resize(&b->types, tokens, sizeof *b->types, error))
        return base_fail(error, BASE_FAILED, "out of memory for a batch of %zu tokens", tokens);
    b->tokens_capacity = tokens;
    return true;
}

bool data_batch_reserve(data_batch *batch, size_t texts, size_t tokens, base_error *error) {
    return reserve_texts(batch, texts, error) && reserve_tokens(batch, tokens, error);
}

static size_t count_tokens(const data_token_store *store, const uint32_t *rows, size_t count,
                           size_t columns) {
    size_t tokens = 0, n;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < columns; c++) {
            data_token_store_ids(store, rows[i], c, &n);
            tokens += n;
        }
    return tokens;
}

static void append_text(data_batch *b, size_t text, const uint32_t *ids, size_t n) {
    uint32_t at = b->start[text];
    memcpy(b->ids + at, ids, n * sizeof *ids);
    memset(b->types + at, 0, n * sizeof *b->types);
    b->start[text + 1] = at + (uint32_t)n;
}

static void fill_texts(data_batch *b, const data_token_store *store, const uint32_t *rows,
                       size_t first_example) {
    b->start[0] = 0;
    for (size_t c = 0, text = 0; c < b->columns; c++)
        for (size_t i = 0; i < b->examples; i++, text++) {
            size_t n;
            const uint32_t *ids = data_token_store_ids(store, rows[i], c, &n);
            append_text(b, text, ids, n);
            b->example[text] = (uint32_t)(first_example + i);
            b->column[text] = (uint32_t)c;
        }
}

static void fill_targets(data_batch *b, const data_corpus *corpus, const uint32_t *rows) {
    for (size_t i = 0; i < b->examples; i++) {
        data_row row;
        data_corpus_row(corpus, rows[i], &row);
        b->row[i] = rows[i];
        b->label[i] = row.label;
        b->score[i] = row.score;
    }
}

bool data_batch_fill(data_batch *b, const data_token_store *store, const data_corpus *corpus,
                     const uint32_t *rows, size_t count, size_t first_example, base_error *error) {
    size_t columns = data_corpus_columns(corpus), texts;
    if (!base_size_mul(count, columns, &texts))
        return base_fail(error, BASE_FAILED, "a batch of %zu rows is more than memory can hold",
                         count);
    size_t tokens = count_tokens(store, rows, count, columns);
    if (!data_batch_reserve(b, texts, tokens, error))
        return false;
    b->columns = columns;
    b->examples = count;
    b->texts = texts;
    b->tokens = tokens;
    b->kind = data_corpus_kind(corpus);
    fill_texts(b, store, rows, first_example);
    fill_targets(b, corpus, rows);
    return true;
}

void data_batch_free(data_batch *b) {
    free(b->start);
    free(b->ids);
    free(b->types);
    free(b->example);
    free(b->column);
    free(b->row);
    free(b->label);
    free(b->score);
    *b = (data_batch){0};
}
