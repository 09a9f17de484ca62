/* A text as a bag of words: what can be seen without any model of meaning. */
#ifndef EVAL_WORD_BAG_H
#define EVAL_WORD_BAG_H

#include "data/corpus.h"

typedef struct eval_word {
    uint64_t
        hash; /* of the word: a run of ASCII letters (lower-cased), digits, other bytes >= 128 */
    uint32_t count;
} eval_word;

/* Distinct words in the order of their hashes. Start with {0}; memory is reused. */
typedef struct eval_word_bag {
    eval_word *word;
    size_t words, capacity;
} eval_word_bag;

/* Replaces the bag by the text's. */
bool eval_word_bag_fill(eval_word_bag *bag, data_text text, base_error *error);
void eval_word_bag_free(eval_word_bag *bag);

/* Cosine of the two count vectors; 0 when one is empty. */
double eval_word_bag_cosine(const eval_word_bag *u, const eval_word_bag *v);

/* Calls `visit` for every word of either bag, once, with its two counts. */
typedef void eval_word_visit(void *context, uint64_t hash, uint32_t in_u, uint32_t in_v);
void eval_word_bag_merge(const eval_word_bag *u, const eval_word_bag *v, eval_word_visit *visit,
                         void *context);

#endif
