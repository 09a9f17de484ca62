/* Agglomerative clustering with average linkage. */
#ifndef SEARCH_LINKAGE_H
#define SEARCH_LINKAGE_H

#include "search/tiles.h"

typedef struct search_linkage_options {
    size_t k;         /* groups wanted; 0: as many as the threshold leaves */
    double threshold; /* with k 0: groups are merged while their average cosine is at least this */
    size_t memory;    /* bytes that may be taken */
} search_linkage_options;

/* Bytes that `count` rows take; SIZE_MAX when that is more. */
size_t search_linkage_memory(size_t count);

/* Every row starts as a group of its own, and the two groups whose rows have the largest average
 * cosine become one, again and again: label[count] becomes the group of each row, numbered from 0
 * in the order of their first rows, *groups their number. By chains of nearest neighbours (Murtagh
 * 1983; Muellner 2011, section 3.1), which merge the same groups in the square of `count` steps;
 * all cosines are kept in float, a half of the table. The result does not depend on the threads.
 * `progress` counts every row twice: its cosines, its merge. Errors: k larger than the number of
 * rows, more memory than the options allow, those of search_scores_run. */
bool search_linkage(size_t *label, size_t *groups, const search_vectors *v,
                    const search_linkage_options *options, const base_progress *progress,
                    base_error *error);

#endif
