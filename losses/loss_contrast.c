#include "losses/loss_contrast.h"

#include "autograd/ops/ops.h"

#include <string.h>

static const double SHIFT = 1e-6;

/* The difference first, then the shift: all pairs of equal texts are at one distance. */
static tape_node *shifted_distances(tape *t, op_distance distance, tape_node *u, tape_node *v) {
    tape_node *difference = op_add(t, u, op_scale(t, v, -1));
    real *zeros = difference ? tape_memory(t, u->rows, u->cols, sizeof *zeros) : NULL;
    if (!zeros)
        return NULL;
    memset(zeros, 0, u->rows * u->cols * sizeof *zeros);
    return op_row_distance(t, op_affine(t, difference, 1, SHIFT),
                           tape_input(t, u->rows, u->cols, zeros), distance);
}

tape_node *loss_contrast_distances(tape *t, int distance, tape_node *u, tape_node *v) {
    return distance == OP_DISTANCE_COSINE ? op_row_distance(t, u, v, OP_DISTANCE_COSINE)
                                          : shifted_distances(t, (op_distance)distance, u, v);
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
