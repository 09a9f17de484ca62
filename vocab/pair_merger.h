/* Words as rows of symbols, in which the most frequent pair of neighbours is replaced by one
 * symbol, again and again: the inner loop of byte-pair encoding. */
#ifndef VOCAB_PAIR_MERGER_H
#define VOCAB_PAIR_MERGER_H

#include "base/error.h"

#include <stdint.h>

typedef struct vocab_pair_merger vocab_pair_merger;

typedef struct vocab_pair {
    uint32_t a, b;
} vocab_pair;

vocab_pair_merger *vocab_pair_merger_new(base_error *error);
void vocab_pair_merger_free(vocab_pair_merger *merger);

/* Begins a word that comes `count` times; symbols appended from here on belong to it. */
void vocab_pair_merger_word(vocab_pair_merger *merger, uint64_t count);
bool vocab_pair_merger_symbol(vocab_pair_merger *merger, uint32_t symbol, base_error *error);

/* Counts the pairs; call once, when all words are there. */
bool vocab_pair_merger_start(vocab_pair_merger *merger, base_error *error);

/* The most frequent pair, of equals the one with the smaller a, then b; false: none is left. */
bool vocab_pair_merger_best(vocab_pair_merger *merger, vocab_pair *pair);

/* Replaces the pair everywhere by `symbol`, from the left. */
bool vocab_pair_merger_merge(vocab_pair_merger *merger, vocab_pair pair, uint32_t symbol,
                             base_error *error);

#endif
