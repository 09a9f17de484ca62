/* Hard negatives: for an anchor, rows of a corpus that look like its positives and are none. */
#ifndef SEARCH_NEGATIVES_H
#define SEARCH_NEGATIVES_H

#include "search/heap.h"
#include "search/topk.h"

#include <stdint.h>

/* Scores items (anchor a, corpus row b) anew, as a cross-encoder would: sets the scores, leaves the
 * order. */
typedef bool search_rescore(void *context, search_item *items, size_t count, base_error *error);

typedef struct search_anchors {
    const search_vectors *vectors;
    const size_t *start;    /* [vectors->count + 1]: anchor i has the positives start[i] .. */
    const size_t *positive; /* rows of the corpus, of one anchor each once */
    const size_t *self;     /* the anchor's own row in the corpus, which is no negative of it, or
                             * SIZE_MAX; NULL: of none */
} search_anchors;

/* Candidates of an anchor are the `depth` most similar rows of the corpus but its positives. What
 * comes too near to the anchor's worst positive or is outside of the scores is left out; of the
 * rest, by falling score, the ranks range_min .. range_max-1 are taken from. */
typedef struct search_negative_options {
    search_similarity_kind kind;
    size_t count, depth, range_min, range_max;
    double least, most;        /* scores; -INFINITY, INFINITY: any */
    double absolute, relative; /* margins m: a score is at most p - m, p - m |p|; NAN: none */
    bool random;               /* drawn by (seed, anchor), else the first ones */
    uint64_t seed;
    search_rescore *rescore; /* of candidates and positives; NULL: the vectors' similarity counts */
    void *context;
} search_negative_options;

typedef struct search_negatives {
    search_hit *hit;        /* [anchors][count], by falling score */
    size_t *found;          /* [anchors]: how many of them */
    double *positive_score; /* as `positive` */
    size_t near, outside;   /* candidates left out by margins; by scores */
} search_negatives;

/* The result does not depend on the threads. `progress` is told of anchors. Start *out with {0},
 * free it with search_negatives_free, also on failure. Errors: those of search_topk. */
bool search_negatives_find(const search_anchors *anchors, const search_vectors *corpus,
                           const search_negative_options *options, search_negatives *out,
                           const base_progress *progress, base_error *error);
void search_negatives_free(search_negatives *negatives);

#endif
