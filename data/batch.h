/* A batch: the real tokens of all its texts one after the other, nothing padded (DESIGN 1).
 *
 * k text columns and B examples make S = k*B texts, column after column: text c*B + i is column c
 * of example i. */
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include "data/corpus.h"
#include "data/token_store.h"

typedef struct data_batch {
    size_t columns, examples; /* k, B */
    size_t texts, tokens;     /* S = k*B, T = start[S] */
    uint32_t *start;          /* [S+1] token where each text begins */
    uint32_t *ids;            /* [T] token ids */
    uint32_t *types;          /* [T] token type ids (0 for single texts) */
    uint32_t *example;        /* [S] the text's example in the whole batch (before micro-batches) */
    uint32_t *column;         /* [S] the text's column */
    uint32_t *row;            /* [B] corpus row of each example */
    data_target_kind kind;
    uint32_t *label; /* [B] for DATA_TARGET_CLASS */
    double *score;   /* [B] for DATA_TARGET_SCORE */
    size_t texts_capacity, tokens_capacity;
} data_batch;

/* Fills *batch with the corpus rows `rows[0..count)` (count >= 1); first_example numbers them
 * within the whole batch. Memory grows only when a batch is larger than any before (start with
 * {0}). */
bool data_batch_fill(data_batch *batch, const data_token_store *store, const data_corpus *corpus,
                     const uint32_t *rows, size_t count, size_t first_example, base_error *error);

/* Makes room for `texts` texts of at most `tokens` tokens in all, so that later fills do not
 * allocate. */
bool data_batch_reserve(data_batch *batch, size_t texts, size_t tokens, base_error *error);

void data_batch_free(data_batch *batch);

#endif
