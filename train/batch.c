#include "train/batch.h"

#include "base/random.h"

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

bool train_batch_columns(const data_token_store *store, size_t count, size_t negatives,
                         size_t *columns) {
    size_t own = data_token_store_sequences(store), others = 0;
    if (!data_token_store_pairs(store) || negatives == 0) {
        *columns = own;
        return true;
    }
    return base_size_mul(count - 1, own, &others) &&
           base_size_add(own, others < negatives ? others : negatives, columns);
}

/* ---- which texts ---- */

/* Rows that a batch is made of. */
typedef struct batch_rows {
    const data_token_store *store;
    const uint32_t *rows;
    size_t count, first_example;
} batch_rows;

/* The text, or the pair's second text: column `column` of example `other`. */
typedef struct batch_text {
    size_t other, column;
} batch_text;

/* Text number `choice` of the other examples' candidates. */
static batch_text candidate(const batch_rows *r, size_t example, size_t choice) {
    size_t other = choice % (r->count - 1);
    return (batch_text){other + (other >= example), 1 + choice / (r->count - 1)};
}

/* Whether one of drawn[0..count) is the choice. */
static bool is_drawn(const uint32_t *drawn, size_t count, size_t choice) {
    for (size_t i = 0; i < count; i++)
        if (drawn[i] == choice)
            return true;
    return false;
}

/* `count` of n numbers, none twice (Floyd's algorithm, Bentley & Floyd 1987, "A sample of
 * brilliance"); all of them in order. */
static void draw(const train_negatives *negatives, size_t example, size_t n, size_t count,
                 uint32_t *out) {
    base_random stream = base_random_stream(negatives->seed, "negatives");
    stream.key = base_random_mix(base_random_mix(stream.key, negatives->step), example);
    for (size_t i = 0; i < count; i++) {
        size_t last = n - count + i, choice = base_random_below(&stream, last + 1);
        out[i] = (uint32_t)(count == n || is_drawn(out, i, choice) ? last : choice);
    }
}

/* The second texts of an example's pairs with other examples into b->choice, its columns of all
 * examples one after the other. */
static bool draw_all(train_batch *b, const batch_rows *r, base_error *error) {
    size_t own = data_token_store_sequences(r->store), drawn = b->columns - own;
    if (!drawn)
        return true;
    if (!base_grow(&b->choice, &b->choices, drawn * r->count, sizeof *b->choice, error))
        return false;
    for (size_t i = 0; i < r->count; i++)
        draw(&b->negatives, r->first_example + i, (r->count - 1) * own, drawn,
             b->choice + i * drawn);
    return true;
}

static batch_text text_at(const train_batch *b, const batch_rows *r, size_t column,
                          size_t example) {
    size_t own = data_token_store_sequences(r->store);
    if (column < own)
        return (batch_text){example, column + data_token_store_pairs(r->store)};
    return candidate(r, example, b->choice[example * (b->columns - own) + column - own]);
}

/* ---- their ids ---- */

static size_t text_length(const batch_rows *r, size_t example, batch_text text) {
    size_t n;
    if (data_token_store_pairs(r->store))
        return data_token_store_pair_length(r->store, r->rows[example], r->rows[text.other],
                                            text.column);
    data_token_store_ids(r->store, r->rows[example], text.column, &n);
    return n;
}

static void copy_text(train_batch *b, const batch_rows *r, size_t example, batch_text text,
                      uint32_t at) {
    size_t n;
    if (data_token_store_pairs(r->store)) {
        data_token_store_pair(r->store, r->rows[example], r->rows[text.other], text.column,
                              b->ids + at, b->types + at);
        return;
    }
    const uint32_t *ids = data_token_store_ids(r->store, r->rows[example], text.column, &n);
    memcpy(b->ids + at, ids, n * sizeof *ids);
    memset(b->types + at, 0, n * sizeof *b->types);
}

static size_t count_tokens(const train_batch *b, const batch_rows *r) {
    size_t tokens = 0;
    for (size_t c = 0; c < b->columns; c++)
        for (size_t i = 0; i < r->count; i++)
            tokens += text_length(r, i, text_at(b, r, c, i));
    return tokens;
}

static void fill_texts(train_batch *b, const batch_rows *r) {
    bool pairs = data_token_store_pairs(r->store);
    b->start[0] = 0;
    for (size_t c = 0, text = 0; c < b->columns; c++)
        for (size_t i = 0; i < r->count; i++, text++) {
            batch_text which = text_at(b, r, c, i);
            uint32_t at = b->start[text];
            copy_text(b, r, i, which, at);
            b->start[text + 1] = at + (uint32_t)text_length(r, i, which);
            b->example[text] = (uint32_t)(r->first_example + i);
            b->column[text] = (uint32_t)c;
            b->skip[text] =
                pairs ? 0 : (uint32_t)data_token_store_skip(r->store, r->rows[i], which.column);
        }
}

bool train_batch_fill(train_batch *b, const data_token_store *store, const uint32_t *rows,
                      size_t count, size_t first_example, base_error *error) {
    batch_rows r = {store, rows, count, first_example};
    size_t texts;
    if (!train_batch_columns(store, count, b->negatives.count, &b->columns) ||
        !base_size_mul(count, b->columns, &texts))
        return base_fail(error, BASE_FAILED, "a batch of %zu rows is too large", count);
    if (!data_token_store_check(store, rows, count, error) || !draw_all(b, &r, error))
        return false;
    size_t tokens = count_tokens(b, &r);
    if (!train_batch_reserve(b, texts, tokens, error))
        return false;
    fill_texts(b, &r);
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
                              .score = b->score,
                              .layout = &b->layout};
    return true;
}

bool train_batch_teach(train_batch *b, const train_teacher_outputs *teacher, const uint32_t *rows,
                       size_t count, base_error *error) {
    size_t numbers;
    if (!base_size_mul(teacher->columns, teacher->width, &numbers) ||
        !base_size_mul(numbers, count, &numbers) ||
        !base_grow(&b->teacher, &b->teacher_capacity, numbers, sizeof *b->teacher, error))
        return base_fail(error, BASE_FAILED, "a batch of %zu rows is too large", count);
    train_teacher_outputs_get(teacher, rows, count, b->teacher);
    b->target.teacher = b->teacher;
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
    free(b->teacher);
    free(b->choice);
    *b = (train_batch){0};
}
