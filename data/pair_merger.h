/* Words as rows of symbols, in which the most frequent pair of neighbours is replaced by one
 * symbol, again and again: the inner loop of byte-pair encoding. */
#ifndef DATA_PAIR_MERGER_H
#define DATA_PAIR_MERGER_H

#include "base/error.h"

#include <stdint.h>

typedef struct data_pair_merger data_pair_merger;

typedef struct data_pair {
    uint32_t a, b;
} data_pair;

data_pair_merger *data_pair_merger_new(base_error *error);
void data_pair_merger_free(data_pair_merger *merger);

/* Begins a word that comes `count` times; symbols appended from here on belong to it. */
void data_pair_merger_word(data_pair_merger *merger, uint64_t count);
bool data_pair_merger_symbol(data_pair_merger *merger, uint32_t symbol, base_error *error);

/* Counts the pairs; call once, when all words are there. */
bool data_pair_merger_start(data_pair_merger *merger, base_error *error);

/* The most frequent pair, of equals the one with the smaller a, then b; false: none is left. */
bool data_pair_merger_best(data_pair_merger *merger, data_pair *pair);

/* Replaces the pair everywhere by `symbol`, from the left. */
bool data_pair_merger_merge(data_pair_merger *merger, data_pair pair, uint32_t symbol,
                            base_error *error);

#endif
