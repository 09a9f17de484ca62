#include "data/token_store.h"

#include "base/threads.h"
#include "data/text_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PART = 512, /* texts that one tile tokenises */
    ROUND = 32, /* tiles between two reports: some ten thousand texts */
};

struct data_token_store {
    data_corpus *corpus;       /* targets and lines; its texts are dropped */
    size_t positions, columns; /* positions: rows * columns */
    uint32_t *text_of;         /* [positions] number of the distinct text */
    size_t distinct;
    size_t *start; /* [distinct + 1] where a text's ids begin in ids */
    uint32_t *ids;
    size_t truncated;
    size_t *of_length; /* [longest + 1] positions with that many ids */
    size_t longest;
};

/* The texts [number * PART, ...) of a job, tokenised one after the other. */
typedef struct token_part {
    uint32_t *ids;
    size_t count, capacity;
    base_error error;
} token_part;

typedef struct token_job {
    const data_text_table *texts;
    const data_tokenizer *tokenizer;
    size_t distinct, max_length;
    size_t *length;  /* [distinct] */
    bool *truncated; /* [distinct] */
    token_part *part;
    size_t first; /* part of the round */
} token_job;

static bool encode_text(token_job *job, token_part *part, data_tokens *tokens, uint32_t number) {
    data_text text = data_text_table_get(job->texts, number);
    if (!data_tokenizer_encode(job->tokenizer, text.bytes, text.size, job->max_length, tokens,
                               &part->error) ||
        !base_grow(&part->ids, &part->capacity, part->count + tokens->count, sizeof *part->ids,
                   &part->error))
        return false;
    if (tokens->count)
        memcpy(part->ids + part->count, tokens->ids, tokens->count * sizeof *part->ids);
    part->count += tokens->count;
    job->length[number] = tokens->count;
    job->truncated[number] = tokens->truncated;
    return true;
}

static void encode_part(void *context, size_t of_round) {
    token_job *job = context;
    size_t i = job->first + of_round;
    data_tokens tokens = {0};
    size_t end = (i + 1) * PART < job->distinct ? (i + 1) * PART : job->distinct;
    for (size_t text = i * PART; text < end; text++)
        if (!encode_text(job, &job->part[i], &tokens, (uint32_t)text))
            break;
    data_tokens_free(&tokens);
}

static bool encode_all(token_job *job, size_t parts, const base_progress *progress,
                       base_error *error) {
    for (; job->first < parts; job->first += ROUND) {
        if (!base_progress_report(progress, job->first * PART, job->distinct, error))
            return false;
        base_threads_run(parts - job->first < ROUND ? parts - job->first : ROUND, encode_part, job);
    }
    return base_progress_report(progress, job->distinct, job->distinct, error);
}

/* One pool out of the parts, in order. */
static bool join(data_token_store *store, const token_job *job, size_t parts, base_error *error) {
    size_t total = 0;
    for (size_t i = 0; i < parts; i++) {
        if (!base_ok(&job->part[i].error)) {
            *error = job->part[i].error;
            return false;
        }
        total += job->part[i].count;
    }
    store->ids = base_alloc(total, sizeof *store->ids, error);
    store->start = base_alloc(store->distinct + 1, sizeof *store->start, error);
    if (!store->ids || !store->start)
        return false;
    for (size_t i = 0; i < store->distinct; i++)
        store->start[i + 1] = store->start[i] + job->length[i];
    for (size_t i = 0, at = 0; i < parts; at += job->part[i++].count)
        if (job->part[i].count)
            memcpy(store->ids + at, job->part[i].ids, job->part[i].count * sizeof *store->ids);
    return true;
}

static bool count_lengths(data_token_store *store, const token_job *job, base_error *error) {
    for (size_t i = 0; i < store->distinct; i++)
        if (job->length[i] > store->longest)
            store->longest = job->length[i];
    store->of_length = base_alloc(store->longest + 1, sizeof *store->of_length, error);
    if (!store->of_length)
        return false;
    for (size_t i = 0; i < store->positions; i++) {
        store->of_length[job->length[store->text_of[i]]]++;
        store->truncated += job->truncated[store->text_of[i]];
    }
    return true;
}

static bool tokenise(data_token_store *store, const data_text_table *texts,
                     const data_tokenizer *tokenizer, size_t max_length,
                     const base_progress *progress, base_error *error) {
    size_t n = store->distinct = data_text_table_count(texts), parts = (n + PART - 1) / PART;
    token_job job = {
        .texts = texts, .tokenizer = tokenizer, .distinct = n, .max_length = max_length};
    job.length = base_alloc(n, sizeof *job.length, error);
    job.truncated = base_alloc(n, sizeof *job.truncated, error);
    job.part = base_alloc(parts, sizeof *job.part, error);
    bool ok = job.length && job.truncated && job.part;
    ok = ok && encode_all(&job, parts, progress, error) && join(store, &job, parts, error) &&
         count_lengths(store, &job, error);
    for (size_t i = 0; job.part && i < parts; i++)
        free(job.part[i].ids);
    free(job.part);
    free(job.truncated);
    free(job.length);
    return ok;
}

static data_text_table *find_distinct(data_token_store *store, const data_corpus *corpus,
                                      base_error *error) {
    store->columns = data_corpus_columns(corpus);
    store->positions = data_corpus_rows(corpus) * store->columns;
    store->text_of = base_alloc(store->positions, sizeof *store->text_of, error);
    data_text_table *texts = data_text_table_new(store->positions, error);
    if (!store->text_of || !texts)
        return texts;
    for (size_t i = 0; i < data_corpus_rows(corpus); i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        for (size_t c = 0; c < store->columns; c++)
            store->text_of[i * store->columns + c] = data_text_table_add(texts, row.text[c]);
    }
    return texts;
}

data_token_store *data_token_store_new(data_corpus *corpus, const data_tokenizer *tokenizer,
                                       size_t max_length, const base_progress *progress,
                                       base_error *error) {
    data_token_store *store = base_alloc(1, sizeof *store, error);
    if (!store) {
        data_corpus_free(corpus);
        return NULL;
    }
    store->corpus = corpus;
    data_text_table *texts = find_distinct(store, corpus, error);
    bool ok =
        texts && store->text_of && tokenise(store, texts, tokenizer, max_length, progress, error);
    data_text_table_free(texts);
    data_corpus_drop_texts(corpus);
    if (ok)
        return store;
    data_token_store_free(store);
    return NULL;
}

void data_token_store_free(data_token_store *store) {
    if (!store)
        return;
    data_corpus_free(store->corpus);
    free(store->text_of);
    free(store->start);
    free(store->ids);
    free(store->of_length);
    free(store);
}

const char *data_token_store_name(const data_token_store *store) {
    return data_corpus_name(store->corpus);
}

size_t data_token_store_rows(const data_token_store *store) {
    return data_corpus_rows(store->corpus);
}

size_t data_token_store_columns(const data_token_store *store) {
    return store->columns;
}

data_target_kind data_token_store_kind(const data_token_store *store) {
    return data_corpus_kind(store->corpus);
}

uint32_t data_token_store_label(const data_token_store *store, size_t row) {
    return data_corpus_label(store->corpus, row);
}

double data_token_store_score(const data_token_store *store, size_t row) {
    return data_corpus_unit_score(store->corpus, row);
}

size_t data_token_store_line(const data_token_store *store, size_t row) {
    return data_corpus_line(store->corpus, row);
}

const uint32_t *data_token_store_ids(const data_token_store *store, size_t row, size_t column,
                                     size_t *count) {
    uint32_t text = data_token_store_text(store, row, column);
    *count = store->start[text + 1] - store->start[text];
    return store->ids + store->start[text];
}

uint32_t data_token_store_text(const data_token_store *store, size_t row, size_t column) {
    return store->text_of[row * store->columns + column];
}

size_t data_token_store_distinct(const data_token_store *store) {
    return store->distinct;
}

size_t data_token_store_truncated(const data_token_store *store) {
    return store->truncated;
}

size_t data_token_store_percentile(const data_token_store *store, double percentile) {
    double wanted = ceil(percentile / 100 * (double)store->positions);
    size_t seen = 0, length = 0;
    for (; length < store->longest; length++) {
        seen += store->of_length[length];
        if (seen > 0 && (double)seen >= wanted)
            break;
    }
    return length;
}
