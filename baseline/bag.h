/* A text as a bag of words: what can be seen without any model of meaning. */
#ifndef BASELINE_BAG_H
#define BASELINE_BAG_H

#include "data/corpus.h"

typedef struct baseline_word {
    uint64_t
        hash; /* of the word: a run of ASCII letters (lower-cased), digits, other bytes >= 128 */
    uint32_t count;
} baseline_word;

/* Distinct words in the order of their hashes. Start with {0}; memory is reused. */
typedef struct baseline_bag {
    baseline_word *word;
    size_t words, capacity;
} baseline_bag;

/* Replaces the bag by the text's. */
bool baseline_bag_fill(baseline_bag *bag, data_text text, base_error *error);
void baseline_bag_free(baseline_bag *bag);

/* Cosine of the two count vectors; 0 when one is empty. */
double baseline_bag_cosine(const baseline_bag *u, const baseline_bag *v);

/* Calls `visit` for every word of either bag, once, with its two counts. */
typedef void baseline_bag_visit(void *context, uint64_t hash, uint32_t in_u, uint32_t in_v);
void baseline_bag_merge(const baseline_bag *u, const baseline_bag *v, baseline_bag_visit *visit,
                        void *context);

#endif
