/* The k most similar rows of a corpus for each query, exactly. */
#ifndef SEARCH_TOPK_H
#define SEARCH_TOPK_H

#include "search/tiles.h"

typedef struct search_hit {
    size_t row; /* of the corpus */
    double score;
} search_hit;

/* hits[q * k + i] becomes the i-th most similar corpus row of query q, most similar first, equal
 * scores by row; every query has k of them, so k is at most corpus->count (else an error). Scores
 * are those of search_similarity, in double, of the k + 32 rows that products in float put first: a
 * row can be missing when more than 32 others are as similar but for that rounding, which is about
 * 1e-7 of the product of both lengths (of a Euclidean distance: of its square). Result and
 * memory (k hits a query and thread for some thousand queries at once, and what
 * search_scores_run takes) depend neither on the threads nor on the size of the corpus. `progress`
 * is told of queries. Errors: those of search_scores_run, an empty corpus, k 0. */
bool search_topk(const search_vectors *queries, const search_vectors *corpus,
                 search_similarity_kind kind, size_t k, search_hit *hits,
                 const base_progress *progress, base_error *error);

#endif
