/* Batch hard with a soft margin (Hermans et al. 2017, section 2, "soft-margin"): the mean over a
 * batch's texts of log(1 + e^(farthest positive - nearest negative)). Anchors without a positive,
 * or without a negative, are as in losses/loss_batch.h. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_batch.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    int distance;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"batch_hard_soft_margin_triplet\"", 0, 0,
     NULL, NULL, "the loss"},
    {"distance", BASE_KEY_CHOICE, offsetof(options, distance), "\"euclidean\"", 0, 0,
     loss_batch_distance_names, NULL, "of embeddings"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)columns;
    tape_node *d = loss_batch_distances(t, o->distance, nodes[0]);
    loss_hardest hard = loss_batch_hardest(t, d, target->label);
    return op_mean(t, op_softplus(t, op_add(t, hard.positive, op_scale(t, hard.negative, -1))));
}

const loss_def loss_batch_hard_soft_margin_triplet_def = {
    .name = "batch_hard_soft_margin_triplet",
    .summary = "batch_hard_triplet with a soft margin",
    .target = DATA_TARGET_CLASS,
    .min_columns = 1,
    .max_columns = 1,
    .min_batch = 2,
    .positives_in_batch = true,
    .options = &option_keys,
    .build = build,
};
