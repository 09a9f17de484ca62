/* Regression of a pair's logit x (cross-encoders with one label): the mean of (f(x) - score)^2, f
 * the identity (the model's scores are then its logits) or the sigmoid. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    bool sigmoid;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"pair_mse\"", 0, 0, NULL, NULL, "the loss"},
    {"sigmoid", BASE_KEY_BOOL, offsetof(options, sigmoid), "false", 0, 0, NULL, NULL,
     "compare the logit's sigmoid with the score, not the logit"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static bool plain_logits(const loss *l) {
    return !((const options *)loss_options(l))->sigmoid;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)columns;
    return op_mean_squared_error(t, o->sigmoid ? op_sigmoid(t, nodes[0]) : nodes[0], target->score);
}

const loss_def loss_pair_mse_def = {
    .name = "pair_mse",
    .summary = "cross-encoder: regression of the logits of pairs to scores",
    .target = DATA_TARGET_SCORE,
    .min_columns = 2,
    .max_columns = 2,
    .of_pairs = true,
    .one_label = true,
    .raw_scores = true,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
    .plain_logits = plain_logits,
};
