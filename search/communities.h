/* Communities: rows around a row that has many near it. */
#ifndef SEARCH_COMMUNITIES_H
#define SEARCH_COMMUNITIES_H

#include "search/groups.h"

/* The neighbours of a row are the rows, itself among them, that have at least the cosine
 * `threshold` with it. Rows with at least `least` neighbours are gone through, those with the most
 * first, equal ones in their order: a row that is in no community yet makes one of itself and its
 * neighbours that are in none either, when those are at least `least`. So a row is in one community
 * or in none: sentence-transformers' community_detection, in double near the threshold.
 *
 * *groups gets the communities, the row that made one first, then by cosine with it. All pairs are
 * scored, and those of a row with many neighbours a second time, so that memory is that of some
 * numbers a row and thread. The result does not depend on the threads. `progress` counts rows.
 * Errors: those of search_scores_run. */
bool search_communities(search_groups *groups, const search_vectors *v, double threshold,
                        size_t least, const base_progress *progress, base_error *error);

#endif
