/* A small corpus with many repeated texts, tokenised: for tests of stores, batches and samplers. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "data/token_store.h"

typedef struct world {
    data_corpus *corpus; /* with its texts */
    data_tokenizer *tokenizer;
    data_token_store *store;
    data_token_store *labelled; /* the same with labels: row i has i % 7 */
} world;

/* Rows of `columns` texts drawn from `texts` distinct ones; text n is its number and n % 4 words
 * more, row i has score i. */
world world_make(size_t rows, size_t columns, size_t texts, size_t max_length);
void world_free(world *world);

/* Asserts that ids are what the tokenizer gives for a row's text. */
void world_expect_ids(const world *world, size_t row, size_t column, size_t max_length,
                      const uint32_t *ids, size_t count);

#endif
