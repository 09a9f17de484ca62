/* Batch semi-hard (Schroff et al. 2015, "FaceNet: A Unified Embedding for Face Recognition and
 * Clustering", section 3.2): the mean over the batch's pairs of anchor and positive of
 * max(d(anchor, positive) - d(anchor, negative) + margin, 0). The negative is the nearest that is
 * farther than the positive, without any the farthest, and in a batch of one label the anchor
 * itself. Without a positive the loss is 0. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_batch.h"

static const base_key keys[] = {LOSS_BATCH_KEYS("batch_semi_hard_triplet")};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(loss_batch_options)};

static size_t semi_hard(const tape_node *d, const uint32_t *label, size_t anchor, size_t positive) {
    const real *row = d->value + anchor * d->cols;
    size_t none = d->cols, behind = none, last = none;
    for (size_t n = 0; n < d->cols; n++) {
        if (label[n] == label[anchor])
            continue;
        if (row[n] > row[positive] && (behind == none || row[n] < row[behind]))
            behind = n;
        if (last == none || row[n] > row[last])
            last = n;
    }
    return behind != none ? behind : last != none ? last : anchor;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const loss_batch_options *o = loss_options(l);
    (void)columns;
    tape_node *d = loss_batch_distances(t, o->distance, nodes[0]);
    loss_terms terms = loss_terms_begin(t, d, o->margin);
    size_t pairs = 0;
    if (!terms.weight)
        return NULL;
    for (size_t i = 0; i < d->rows; i++)
        for (size_t p = 0; p < d->rows; p++)
            if (p != i && target->label[p] == target->label[i]) {
                loss_terms_add(&terms, i, p, semi_hard(d, target->label, i, p));
                pairs++;
            }
    return loss_terms_sum(t, d, &terms, pairs);
}

const loss_def loss_batch_semi_hard_triplet_def = {
    .name = "batch_semi_hard_triplet",
    .summary = "of labelled texts, each positive with the nearest negative behind it",
    .target = DATA_TARGET_CLASS,
    .min_columns = 1,
    .max_columns = 1,
    .min_batch = 2,
    .positives_in_batch = true,
    .options = &option_keys,
    .build = build,
};
