/* Pairs of rows of two sets that belong together, such as sentences and their translations. */
#ifndef SEARCH_BITEXT_H
#define SEARCH_BITEXT_H

#include "search/heap.h"
#include "search/tiles.h"

/* The score of a pair (x, y) from its similarity s and m, the mean of the means of the similarities
 * of x and of y to their nearest of the other side (Artetxe & Schwenk 2019, "Margin-based Parallel
 * Corpus Mining with Multilingual Sentence Embeddings", section 3.1). */
typedef enum search_margin {
    SEARCH_MARGIN_RATIO,    /* s / m; a pair whose m is not above 0 is left out */
    SEARCH_MARGIN_DISTANCE, /* s - m */
    SEARCH_MARGIN_NONE,     /* s */
    SEARCH_MARGINS
} search_margin;

/* By name: "ratio", "distance", "none"; SEARCH_MARGINS when unknown. */
search_margin search_margin_find(const char *name);

typedef struct search_bitext_options {
    search_similarity_kind kind;
    search_margin margin;
    size_t neighbours; /* how many nearest make the mean, and are candidates; at least 1 */
    double threshold;  /* pairs with a lower score are left out; -INFINITY: none is */
    size_t most;       /* the best so many */
} search_bitext_options;

/* *pairs becomes pairs of a row of a (`a`) and a row of b (`b`) by falling score, heap memory of
 * the caller's. Candidates are each row's best among its nearest, from both sides; they are taken
 * from the best on, unless one of the two rows is taken already (the paper's section 3.2, "max").
 * So a row is in one pair at most. Memory: `neighbours` hits a row of both sides. `progress` is
 * told of rows. Errors: those of search_topk. */
bool search_bitext(const search_vectors *a, const search_vectors *b,
                   const search_bitext_options *options, search_item **pairs, size_t *count,
                   const base_progress *progress, base_error *error);

#endif
