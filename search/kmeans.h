/* k-means: groups around k centroids, so that the squares of the rows' distances to theirs are
 * small. */
#ifndef SEARCH_KMEANS_H
#define SEARCH_KMEANS_H

#include "search/tiles.h"

#include <stdint.h>

typedef struct search_kmeans_options {
    size_t k;          /* at least 1 */
    size_t restarts;   /* the best of so many runs; at least 1 */
    size_t iterations; /* of a run, at most; at least 1 */
    uint64_t seed;
    bool spherical; /* rows are taken at length 1, and so are centroids (Dhillon & Modha 2001) */
} search_kmeans_options;

typedef struct search_kmeans {
    size_t *label;     /* [count]: below k */
    double inertia;    /* sum of squares of the rows' distances to their centroids */
    size_t iterations; /* of the run that was best */
} search_kmeans;

/* Lloyd's algorithm from the centroids of k-means++ (Arthur & Vassilvitskii 2007; of 2 + log k
 * candidates the one that lowers the inertia most, as they propose in section 5), until no label
 * changes or the inertia falls by less than a millionth. A centroid without rows moves to the row
 * that is farthest from its own. An error: k is larger than the number of rows, those of
 * search_scores_run. Memory: k centroids, and some numbers a row. The result depends on the seed,
 * not on the threads. `progress` counts rows compared with all centroids. */
bool search_kmeans_run(search_kmeans *result, const search_vectors *v,
                       const search_kmeans_options *options, const base_progress *progress,
                       base_error *error);
void search_kmeans_free(search_kmeans *result);

#endif
