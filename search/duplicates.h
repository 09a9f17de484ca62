/* Near-duplicates: rows that are like a row before them. */
#ifndef SEARCH_DUPLICATES_H
#define SEARCH_DUPLICATES_H

#include "search/topk.h"

/* Goes through the rows in their order and keeps each row that has a cosine below `threshold` with
 * every row kept before it. of[i].row (of[v->count]) becomes i for a row that is kept; else the
 * kept row before it that is most similar, equal ones by row, and of[i].score is their cosine. So
 * kept rows are pairwise below the threshold, and a row is never dropped for the sake of a dropped
 * one.
 *
 * All pairs are scored, in double near the threshold and above it; memory is some MB a thread
 * whatever the corpus. The result does not depend on the threads. `progress` counts rows. Errors:
 * those of search_scores_run. */
bool search_duplicates(const search_vectors *v, double threshold, search_hit *of,
                       const base_progress *progress, base_error *error);

#endif
