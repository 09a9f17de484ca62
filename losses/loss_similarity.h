/* The similarity of a row's first text and each further one, which losses of scores share, and the
 * names of distances. */
#ifndef LOSSES_LOSS_SIMILARITY_H
#define LOSSES_LOSS_SIMILARITY_H

#include "autograd/tape.h"

enum { LOSS_DOT, LOSS_COSINE };

/* "euclidean", "cosine", "manhattan", by op_distance: for an option of kind BASE_KEY_CHOICE. */
const char *const *loss_distance_names(void);

/* "dot", "cosine": for an option of kind BASE_KEY_CHOICE. */
const char *const *loss_similarity_names(void);

/* Scores [B, columns-1] of nodes[0] with nodes[1] ..; `similarity` is an index into the names. */
tape_node *loss_similarity_scores(tape *t, int similarity, tape_node *const *nodes, size_t columns);

#endif
