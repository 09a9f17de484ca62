/* Triplets (Hermans et al. 2017, "In Defense of the Triplet Loss for Person Re-Identification"):
 * the mean over rows of max(d(anchor, positive) - d(anchor, negative) + margin, 0). */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_similarity.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    int distance;
    double margin;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"triplet\"", 0, 0, NULL, NULL, "the loss"},
    {"distance", BASE_KEY_CHOICE, offsetof(options, distance), "\"euclidean\"", 0, 0,
     loss_distance_names, NULL, "of embeddings"},
    {"margin", BASE_KEY_REAL, offsetof(options, margin), "5", 0, 1e6, NULL, NULL,
     "how much farther the negative is to be than the positive"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)columns, (void)target;
    tape_node *near = op_row_distance(t, nodes[0], nodes[1], (op_distance)o->distance);
    tape_node *far = op_row_distance(t, nodes[0], nodes[2], (op_distance)o->distance);
    tape_node *excess = op_affine(t, op_add(t, near, op_scale(t, far, -1)), 1, o->margin);
    return op_mean(t, op_relu(t, excess));
}

const loss_def loss_triplet_def = {
    .name = "triplet",
    .summary = "the anchor nearer to its positive than to its negative, by a margin",
    .min_columns = 3,
    .max_columns = 3,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
