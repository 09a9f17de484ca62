/* Binary cross-entropy of a pair's logit (cross-encoders with one label): the mean of
 * -s log sigmoid(x) - (1 - s) log(1 - sigmoid(x)), scores s in 0..1. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"binary_cross_entropy\"", 0, 0, NULL, NULL,
     "the loss"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    (void)l, (void)columns;
    return op_binary_cross_entropy(t, nodes[0], target->score);
}

const loss_def loss_binary_cross_entropy_def = {
    .name = "binary_cross_entropy",
    .summary = "cross-encoder: logits of pairs to scores in 0..1, or to labels that are 0 and 1",
    .target = DATA_TARGET_SCORE,
    .min_columns = 2,
    .max_columns = 2,
    .of_pairs = true,
    .one_label = true,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
