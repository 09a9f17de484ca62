/* All texts of a corpus as token ids, made once before training; equal texts are stored once. */
#ifndef DATA_TOKEN_STORE_H
#define DATA_TOKEN_STORE_H

#include "data/corpus.h"
#include "data/tokenizer.h"

typedef struct data_token_store data_token_store;

/* Tokenises every text of the corpus (on all threads of the pool) with at most max_length ids. */
data_token_store *data_token_store_new(const data_corpus *corpus, const data_tokenizer *tokenizer,
                                       size_t max_length, base_error *error);
void data_token_store_free(data_token_store *store);

/* Ids of a row's text column; *count of them, owned by the store. */
const uint32_t *data_token_store_ids(const data_token_store *store, size_t row, size_t column,
                                     size_t *count);

/* A number that is equal for equal texts (before tokenising) and different for different ones:
 * 0 .. distinct-1. */
uint32_t data_token_store_text(const data_token_store *store, size_t row, size_t column);

size_t data_token_store_distinct(const data_token_store *store); /* texts */
size_t
data_token_store_truncated(const data_token_store *store); /* row columns cut to max_length */

/* The smallest length, in ids, that at least `percentile` (0..100) per cent of the row columns do
 * not exceed (nearest rank); 100 gives the longest. */
size_t data_token_store_percentile(const data_token_store *store, double percentile);

#endif
