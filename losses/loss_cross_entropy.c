/* Cross-entropy of the softmax of a pair's logits (cross-encoders with a logit a class). */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double smoothing;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"cross_entropy\"", 0, 0, NULL, NULL,
     "the loss"},
    {"label_smoothing", BASE_KEY_REAL, offsetof(options, smoothing), "0", 0, 0.999, NULL, NULL,
     "part of the target that is spread evenly over all classes"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)columns;
    return op_cross_entropy_smoothed(t, nodes[0], target->label, o->smoothing);
}

const loss_def loss_cross_entropy_def = {
    .name = "cross_entropy",
    .summary = "cross-encoder: classification of pairs",
    .target = DATA_TARGET_CLASS,
    .min_columns = 2,
    .max_columns = 2,
    .of_pairs = true,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
