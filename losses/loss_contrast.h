/* What the contrastive losses share (Hadsell et al. 2006, "Dimensionality Reduction by Learning an
 * Invariant Mapping", section 2.1): alike pairs are pulled together, others pushed to a margin. */
#ifndef LOSSES_LOSS_CONTRAST_H
#define LOSSES_LOSS_CONTRAST_H

#include "autograd/tape.h"

/* Distances [B,1]. As in torch.nn.functional.pairwise_distance, Euclidean and Manhattan ones are of
 * u + 1e-6 and v; `distance` is an op_distance. */
tape_node *loss_contrast_distances(tape *t, int distance, tape_node *u, tape_node *v);

/* [1,1]: sum over pairs of alike d^2 + other max(margin - d, 0)^2; weights [B] in the tape's
 * memory. */
tape_node *loss_contrast_sum(tape *t, tape_node *distances, const real *alike, const real *other,
                             double margin);

#endif
