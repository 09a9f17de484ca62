/* Batch all (Hermans et al. 2017, equation 6): the mean of max(d(anchor, positive) - d(anchor,
 * negative) + margin, 0) over the batch's triplets in which it is above 0; without any 0. A batch
 * of B texts takes at most B^3 steps. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_batch.h"

static const base_key keys[] = {LOSS_BATCH_KEYS("batch_all_triplet")};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(loss_batch_options)};

static void add_anchor(loss_terms *terms, const uint32_t *label, size_t anchor) {
    size_t rows = terms->distances->rows;
    for (size_t p = 0; p < rows; p++)
        for (size_t n = 0; p != anchor && label[p] == label[anchor] && n < rows; n++)
            if (label[n] != label[anchor])
                loss_terms_add(terms, anchor, p, n);
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const loss_batch_options *o = loss_options(l);
    (void)columns;
    tape_node *d = loss_batch_distances(t, o->distance, nodes[0]);
    loss_terms terms = loss_terms_begin(t, d, o->margin);
    if (!terms.weight)
        return NULL;
    for (size_t i = 0; i < d->rows; i++)
        add_anchor(&terms, target->label, i);
    return loss_terms_sum(t, d, &terms, terms.above);
}

const loss_def loss_batch_all_triplet_def = {
    .name = "batch_all_triplet",
    .summary = "of labelled texts, every triplet of a batch that is not yet right",
    .target = DATA_TARGET_CLASS,
    .min_columns = 1,
    .max_columns = 1,
    .min_batch = 2,
    .positives_in_batch = true,
    .options = &option_keys,
    .build = build,
};
