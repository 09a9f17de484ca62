/* Groups of rows: what every way of clustering finds. */
#ifndef SEARCH_GROUPS_H
#define SEARCH_GROUPS_H

#include "search/topk.h"

/* The members of group g are member[begin[g]] .. member[begin[g + 1] - 1], the most central row
 * first, each with its cosine with the group's centre. The largest group is the first. Start with
 * {0}; release with search_groups_free, also on failure. */
typedef struct search_groups {
    size_t count, members;
    size_t *begin; /* [count + 1] */
    search_hit *member;
    size_t begin_capacity, member_capacity;
} search_groups;

void search_groups_free(search_groups *groups);

/* Adds a group. */
bool search_groups_add(search_groups *groups, const search_hit *member, size_t count,
                       base_error *error);

/* The largest first, those of one size as they were. */
bool search_groups_sort(search_groups *groups, base_error *error);

/* Groups from a label below k for each row of v: a group's centre is the mean of its rows, scaled
 * to length 1, and its members stand by their cosine with it, equal ones by row. Labels without a
 * row give no group; groups of one size stand by their labels. The result does not depend on the
 * threads. */
bool search_groups_of_labels(search_groups *groups, const search_vectors *v, const size_t *label,
                             size_t k, base_error *error);

/* Rows 0 .. count-1 by their labels below k, those of one label in their order: rows of label g
 * become order[begin[g]] .. order[begin[g + 1] - 1]; begin[k + 1], order[count]. */
void search_sort_labels(const size_t *label, size_t count, size_t k, size_t *begin, size_t *order);

#endif
