/* A token store out of a corpus: distinct texts, their ids, targets and lines. */
#include "base/threads.h"
#include "data/pair.h"
#include "data/text_table.h"
#include "data/token_store_def.h"

#include <stdlib.h>
#include <string.h>

enum {
    PART = 512, /* texts that one tile tokenises */
    ROUND = 32, /* tiles between two reports: some ten thousand texts */
};

/* A text behind a prompt. */
typedef struct token_slot {
    uint32_t text, column; /* the first column with that prompt */
} token_slot;

/* The slots [number * PART, ...) of a job, tokenised one after the other. */
typedef struct token_part {
    uint32_t *ids;
    size_t count, capacity;
    base_error error;
} token_part;

typedef struct token_job {
    const data_text_table *texts;
    const data_tokenising *how;
    const token_slot *slot; /* NULL: slots are texts, all behind the first column's prompt */
    size_t slots;
    size_t *length;  /* [slots] */
    bool *truncated; /* [slots] */
    token_part *part;
    size_t first; /* part of the round */
} token_job;

static bool encode_slot(token_job *job, token_part *part, base_bytes *joined, data_tokens *tokens,
                        uint32_t number) {
    static const data_prompt none = {0};
    const data_tokenising *how = job->how;
    token_slot slot = job->slot ? job->slot[number] : (token_slot){number, 0};
    const data_prompt *prompt = how->prompt ? &how->prompt[slot.column] : &none;
    data_text text = data_text_table_get(job->texts, slot.text);
    bool ok = how->pairs
                  ? data_prompt_part(prompt, how->tokenizer, text, joined, tokens, &part->error)
                  : data_prompt_encode(prompt, how->tokenizer, text, how->max_length, joined,
                                       tokens, &part->error);
    if (!ok || !base_grow(&part->ids, &part->capacity, part->count + tokens->count,
                          sizeof *part->ids, &part->error))
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
    base_bytes joined = {0};
    size_t end = (i + 1) * PART < job->slots ? (i + 1) * PART : job->slots;
    for (size_t slot = i * PART; slot < end; slot++)
        if (!encode_slot(job, &job->part[i], &joined, &tokens, (uint32_t)slot))
            break;
    data_tokens_free(&tokens);
    base_bytes_free(&joined);
}

static bool encode_all(token_job *job, size_t parts, base_error *error) {
    const base_progress *progress = job->how->progress;
    for (; job->first < parts; job->first += ROUND) {
        if (!base_progress_report(progress, job->first * PART, job->slots, error))
            return false;
        base_threads_run(parts - job->first < ROUND ? parts - job->first : ROUND, encode_part, job);
    }
    return base_progress_report(progress, job->slots, job->slots, error);
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
    store->start = base_alloc(store->slots + 1, sizeof *store->start, error);
    if (!store->ids || !store->start)
        return false;
    for (size_t i = 0; i < store->slots; i++)
        store->start[i + 1] = store->start[i] + job->length[i];
    for (size_t i = 0, at = 0; i < parts; at += job->part[i++].count)
        if (job->part[i].count)
            memcpy(store->ids + at, job->part[i].ids, job->part[i].count * sizeof *store->ids);
    return true;
}

static size_t length_at(const data_token_store *store, size_t row, size_t column) {
    return data_token_store_length(store, row * store->columns + column);
}

/* Texts of a row with the longest of other rows. */
static size_t longest_pair(const data_token_store *store) {
    size_t most[2] = {0, 0};
    for (size_t i = 0; i < store->rows; i++)
        for (size_t c = 0; c < store->columns; c++)
            if (length_at(store, i, c) > most[c > 0])
                most[c > 0] = length_at(store, i, c);
    return data_pair_length(store->tokenizer, most[0], most[1], store->max_length);
}

static void count_pairs(data_token_store *store) {
    for (size_t i = 0; i < store->rows; i++)
        for (size_t c = 1; c < store->columns; c++) {
            store->of_length[data_token_store_pair_length(store, i, i, c)]++;
            store->truncated += data_pair_is_cut(store->tokenizer, length_at(store, i, 0),
                                                 length_at(store, i, c), store->max_length);
        }
}

static bool count_lengths(data_token_store *store, const token_job *job, base_error *error) {
    for (size_t i = 0; i < store->slots; i++)
        if (job->length[i] > store->longest)
            store->longest = job->length[i];
    if (store->tokenizer)
        store->longest = longest_pair(store);
    store->of_length = base_alloc(store->longest + 1, sizeof *store->of_length, error);
    if (!store->of_length)
        return false;
    if (store->tokenizer)
        count_pairs(store);
    for (size_t i = 0; !store->tokenizer && i < store->positions; i++) {
        store->of_length[job->length[store->slot_of[i]]]++;
        store->truncated += job->truncated[store->slot_of[i]];
    }
    return true;
}

static bool tokenise(data_token_store *store, const data_text_table *texts, const token_slot *slot,
                     const data_tokenising *how, base_error *error) {
    size_t n = store->slots, parts = (n + PART - 1) / PART;
    token_job job = {.texts = texts, .how = how, .slot = slot, .slots = n};
    job.length = base_alloc(n, sizeof *job.length, error);
    job.truncated = base_alloc(n, sizeof *job.truncated, error);
    job.part = base_alloc(parts, sizeof *job.part, error);
    bool ok = job.length && job.truncated && job.part;
    ok = ok && encode_all(&job, parts, error) && join(store, &job, parts, error) &&
         count_lengths(store, &job, error);
    for (size_t i = 0; job.part && i < parts; i++)
        free(job.part[i].ids);
    free(job.part);
    free(job.truncated);
    free(job.length);
    return ok;
}

/* ---- slots ---- */

static bool same_prompt(const data_prompt *a, const data_prompt *b) {
    return a->size == b->size && (!a->size || !memcmp(a->text, b->text, a->size));
}

/* first[c]: the first column with the prompt of column c. Whether there are several prompts. */
static bool several_prompts(const data_token_store *store, const data_prompt *prompt,
                            uint32_t *first) {
    bool several = false;
    for (size_t c = 0; c < store->columns; c++) {
        first[c] = 0;
        while (prompt && !same_prompt(&prompt[first[c]], &prompt[c]))
            first[c]++;
        several = several || first[c];
    }
    return several;
}

/* Gives a number to each text with each prompt that it stands behind; texts that stand behind one
 * have one. *slots (to be freed) has what each number means. */
static bool split_texts(data_token_store *store, const uint32_t *first, token_slot **slots,
                        base_error *error) {
    size_t capacity = 0, cells;
    if (!base_size_mul(store->distinct, store->columns, &cells))
        return base_fail(error, BASE_FAILED, "too many texts");
    uint32_t *number = base_alloc(cells, sizeof *number, error); /* plus one, 0: none yet */
    store->slot_of = base_alloc(store->positions, sizeof *store->slot_of, error);
    bool ok = number && store->slot_of;
    for (size_t i = 0; ok && i < store->positions; i++) {
        token_slot slot = {store->text_of[i], first[i % store->columns]};
        uint32_t *at = &number[slot.text * store->columns + slot.column];
        if (!*at) {
            ok = base_grow(slots, &capacity, store->slots + 1, sizeof **slots, error);
            if (ok)
                (*slots)[store->slots] = slot;
            *at = (uint32_t)++store->slots;
        }
        store->slot_of[i] = *at - 1;
    }
    free(number);
    return ok;
}

static bool make_ids(data_token_store *store, const data_text_table *texts,
                     const data_tokenising *how, base_error *error) {
    uint32_t first[DATA_MAX_COLUMNS];
    token_slot *slots = NULL;
    store->distinct = store->slots = data_text_table_count(texts);
    store->slot_of = store->text_of;
    store->skip = base_alloc(store->columns, sizeof *store->skip, error);
    store->tokenizer = how->pairs ? how->tokenizer : NULL;
    store->max_length = how->max_length;
    bool ok = store->skip != NULL;
    for (size_t c = 0; ok && how->prompt && c < store->columns; c++)
        store->skip[c] = how->prompt[c].skip;
    if (ok && several_prompts(store, how->prompt, first)) {
        store->slots = 0;
        ok = split_texts(store, first, &slots, error);
    }
    ok = ok && tokenise(store, texts, slots, how, error);
    free(slots);
    return ok;
}

/* Numbers the texts of the rows from `first` on. */
static data_text_table *find_distinct(data_token_store *store, const data_corpus *corpus,
                                      size_t first, base_error *error) {
    store->text_of = base_alloc(store->positions, sizeof *store->text_of, error);
    data_text_table *texts = data_text_table_new(store->positions, error);
    if (!store->text_of || !texts)
        return texts;
    for (size_t i = 0; i < store->rows; i++) {
        data_row row;
        data_corpus_row(corpus, first + i, &row);
        for (size_t c = 0; c < store->columns; c++)
            store->text_of[i * store->columns + c] = data_text_table_add(texts, row.text[c]);
    }
    return texts;
}

/* ---- targets and lines ---- */

static bool copy_rows(data_token_store *store, const data_corpus *corpus, size_t first,
                      base_error *error) {
    bool labels = store->kind == DATA_TARGET_CLASS, scores = store->kind == DATA_TARGET_SCORE;
    store->label = labels ? base_alloc(store->rows, sizeof *store->label, error) : NULL;
    store->score = scores ? base_alloc(store->rows, sizeof *store->score, error) : NULL;
    store->line = base_alloc(store->rows, sizeof *store->line, error);
    if (!store->line || (labels && !store->label) || (scores && !store->score))
        return false;
    for (size_t i = 0; i < store->rows; i++) {
        data_row row;
        data_corpus_row(corpus, first + i, &row);
        store->line[i] = row.line;
        if (labels)
            store->label[i] = row.label;
        if (scores)
            store->score[i] = row.score;
    }
    return true;
}

bool data_token_store_make(data_token_store *store, const data_corpus *corpus, size_t first,
                           const data_tokenising *how, base_error *error) {
    const char *name = data_corpus_name(corpus);
    store->name = base_copy(name, strlen(name));
    if (!store->name)
        return base_fail(error, BASE_FAILED, "out of memory");
    store->kind = data_corpus_kind(corpus);
    store->rows = data_corpus_rows(corpus) - first;
    store->columns = data_corpus_columns(corpus);
    store->positions = store->rows * store->columns;
    data_corpus_range(corpus, &store->low, &store->high);
    data_text_table *texts = find_distinct(store, corpus, first, error);
    bool ok = texts && store->text_of && copy_rows(store, corpus, first, error) &&
              make_ids(store, texts, how, error);
    data_text_table_free(texts);
    return ok;
}
