/* How alike two vectors are. */
#ifndef EVAL_SIMILARITY_H
#define EVAL_SIMILARITY_H

#include <stddef.h>

typedef enum eval_similarity_kind {
    EVAL_COSINE, /* 0 for a vector of length 0 */
    EVAL_DOT,
    EVAL_EUCLIDEAN, /* the distance, negated: larger is more alike */
    EVAL_MANHATTAN, /* likewise */
    EVAL_SIMILARITIES
} eval_similarity_kind;

/* By name: "cosine", "dot", "euclidean", "manhattan"; EVAL_SIMILARITIES when unknown. */
eval_similarity_kind eval_similarity_find(const char *name);
const char *eval_similarity_name(eval_similarity_kind kind);

/* Of u[width] and v[width], summed in double. */
double eval_similarity(eval_similarity_kind kind, const float *u, const float *v, size_t width);

#endif
