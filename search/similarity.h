/* How alike two vectors are. */
#ifndef SEARCH_SIMILARITY_H
#define SEARCH_SIMILARITY_H

#include <stddef.h>

typedef enum search_similarity_kind {
    SEARCH_COSINE, /* 0 for a vector of length 0 */
    SEARCH_DOT,
    SEARCH_EUCLIDEAN, /* the distance, negated: larger is more alike */
    SEARCH_MANHATTAN, /* likewise */
    SEARCH_SIMILARITIES
} search_similarity_kind;

/* By name: "cosine", "dot", "euclidean", "manhattan"; SEARCH_SIMILARITIES when unknown. */
search_similarity_kind search_similarity_find(const char *name);
const char *search_similarity_name(search_similarity_kind kind);

/* Of u[width] and v[width], summed in double. */
double search_similarity(search_similarity_kind kind, const float *u, const float *v, size_t width);

#endif
