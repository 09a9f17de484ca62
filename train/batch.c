#include "train/batch.h"

#include <stdlib.h>
#include <string.h>

static bool resize(void *array_pointer, size_t count, size_t size, base_error *error) {
    size_t none = 0;
    return base_grow(array_pointer, &none, count, size, error);
}

bool train_batch_reserve(train_batch *b, size_t texts, size_t tokens, base_error *error) {
    if (texts >= UINT32_MAX || tokens >= UINT32_MAX)
        return base_fail(error, BASE_FAILED, "a batch of %zu texts with %zu tokens is too large",
                         texts, tokens);
    if (texts > b->texts_capacity) {
        if (!resize(&b->start, texts + 1, sizeof *b->start, error) ||
            !resize(&b->example, texts, sizeof *b->example, error) ||
            !resize(&b->column, texts, sizeof *b->column, error) ||
            !resize(&b->skip, texts, sizeof *b->skip, error) ||
            !resize(&b->label, texts, sizeof *b->label, error) ||
            !resize(&b->score, texts, sizeof *b->score, error))
            return false;
        b->texts_capacity = texts;
    }
    if (tokens > b->tokens_capacity) {
        if (!resize(&b->ids, tokens, sizeof *b->ids, error) ||
            !resize(&b->types, tokens, sizeof *b->types, error))
            return false;
        b->tokens_capacity = tokens;
    }
    return true;
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

static void fill_texts(train_batch *b, const data_token_store *store, const uint32_t *rows,
                       size_t count, size_t first_example) {
    b->start[0] = 0;
    for (size_t c = 0, text = 0; c < b->columns; c++)
        for (size_t i = 0; i < count; i++, text++) {
            size_t n;
            const uint32_t *ids = data_token_store_ids(store, rows[i], c, &n);
            uint32_t at = b->start[text];
            memcpy(b->ids + at, ids, n * sizeof *ids);
            memset(b->types + at, 0, n * sizeof *b->types);
            b->start[text + 1] = at + (uint32_t)n;
            b->example[text] = (uint32_t)(first_example + i);
            b->column[text] = (uint32_t)c;
            b->skip[text] = (uint32_t)data_token_store_skip(store, rows[i], c);
        }
}

bool train_batch_fill(train_batch *b, const data_token_store *store, const uint32_t *rows,
                      size_t count, size_t first_example, base_error *error) {
    size_t columns = data_token_store_columns(store), texts;
    if (!base_size_mul(count, columns, &texts))
        return base_fail(error, BASE_FAILED, "a batch of %zu rows is too large", count);
    size_t tokens = count_tokens(store, rows, count, columns);
    if (!train_batch_reserve(b, texts, tokens, error))
        return false;
    b->columns = columns;
    fill_texts(b, store, rows, count, first_example);
    for (size_t i = 0; i < count; i++) {
        b->label[i] = data_token_store_label(store, rows[i]);
        b->score[i] = data_token_store_score(store, rows[i]);
    }
    b->layout = (tape_layout){.texts = texts,
                              .tokens = tokens,
                              .start = b->start,
                              .ids = b->ids,
                              .types = b->types,
                              .example = b->example,
                              .column = b->column,
                              .skip = b->skip};
    b->target = (loss_target){.kind = data_token_store_kind(store),
                              .examples = count,
                              .label = b->label,
                              .score = b->score};
    return true;
}

bool train_batch_teach(train_batch *b, const train_taught *taught, const uint32_t *rows,
                       size_t count, base_error *error) {
    size_t numbers;
    if (!base_size_mul(taught->columns, taught->width, &numbers) ||
        !base_size_mul(numbers, count, &numbers) ||
        !base_grow(&b->taught, &b->taught_capacity, numbers, sizeof *b->taught, error))
        return base_fail(error, BASE_FAILED, "a batch of %zu rows is too large", count);
    train_taught_get(taught, rows, count, b->taught);
    b->target.taught = b->taught;
    return true;
}

void train_batch_free(train_batch *b) {
    free(b->start);
    free(b->ids);
    free(b->types);
    free(b->example);
    free(b->column);
    free(b->skip);
    free(b->label);
    free(b->score);
    free(b->taught);
    *b = (train_batch){0};
}
