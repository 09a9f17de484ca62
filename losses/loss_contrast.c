#include "losses/loss_contrast.h"

#include "autograd/ops/ops.h"

static const double SHIFT = 1e-6;

tape_node *loss_contrast_distances(tape *t, int distance, tape_node *u, tape_node *v) {
    tape_node *shifted = distance == OP_DISTANCE_COSINE ? u : op_affine(t, u, 1, SHIFT);
    return op_row_distance(t, shifted, v, (op_distance)distance);
}

static tape_node *weighted_square(tape *t, tape_node *x, const real *weights) {
    if (!x || !weights)
        return NULL;
    return op_mul(t, op_mul(t, x, x), tape_input(t, x->rows, 1, weights));
}

tape_node *loss_contrast_sum(tape *t, tape_node *distances, const real *alike, const real *other,
                             double margin) {
    tape_node *pull = weighted_square(t, distances, alike);
    tape_node *room = op_relu(t, op_affine(t, distances, -1, margin));
    tape_node *push = weighted_square(t, room, other);
    return pull && push ? op_scale(t, op_mean(t, op_add(t, pull, push)), (double)pull->rows) : NULL;
}
