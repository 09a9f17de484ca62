/* The most similar pairs of one set of rows, exactly: paraphrase mining. */
#ifndef SEARCH_PAIRS_H
#define SEARCH_PAIRS_H

#include "search/heap.h"
#include "search/tiles.h"

typedef struct search_pair_options {
    search_similarity_kind kind;
    double threshold; /* pairs with a lower score are left out; -INFINITY: none is */
    size_t most;      /* the best so many; at least 1 */
    size_t top_k;     /* only pairs of which one is among the other's top_k; 0: all */
} search_pair_options;

/* Pairs that `rows` rows make, at most SIZE_MAX. */
size_t search_pair_count(size_t rows);

/* *pairs becomes the pairs a < b of rows of v by falling score, equal scores by a, then b; heap
 * memory of the caller's. Scores as search_topk's, in double. Memory: what is found, at most
 * `most` pairs a thread; with top_k also a number and a score a row. The result does not depend on
 * the threads. `progress` is told of rows. Errors: those of search_topk, fewer than two rows. */
bool search_pairs(const search_vectors *v, const search_pair_options *options, search_item **pairs,
                  size_t *count, const base_progress *progress, base_error *error);

#endif
