/* Batch hard (Hermans et al. 2017, equation 5): the mean over a batch's texts of max(farthest
 * positive
 * - nearest negative + margin, 0). Anchors without a positive, or without a negative, are as in
 * losses/loss_batch.h. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_batch.h"

static const base_key keys[] = {LOSS_BATCH_KEYS("batch_hard_triplet")};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(loss_batch_options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const loss_batch_options *o = loss_options(l);
    (void)columns;
    tape_node *d = loss_batch_distances(t, o->distance, nodes[0]);
    loss_hardest hard = loss_batch_hardest(t, d, target->label);
    tape_node *excess = op_add(t, hard.positive, op_scale(t, hard.negative, -1));
    return op_mean(t, op_relu(t, op_affine(t, excess, 1, o->margin)));
}

const loss_def loss_batch_hard_triplet_def = {
    .name = "batch_hard_triplet",
    .summary = "of labelled texts, the farthest positive nearer than the nearest negative",
    .target = DATA_TARGET_CLASS,
    .min_columns = 1,
    .max_columns = 1,
    .min_batch = 2,
    .positives_in_batch = true,
    .options = &option_keys,
    .build = build,
};
