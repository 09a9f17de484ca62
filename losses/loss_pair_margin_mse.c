/* Margin-MSE (Hofstaetter et al. 2021, "Improving Efficient Neural Ranking Models with
 * Cross-Architecture Knowledge Distillation", section 3.2) of a cross-encoder with one label: the
 * mean of (x(query, positive) - x(query, negative) - score)^2, the score a teacher's margin. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"pair_margin_mse\"", 0, 0, NULL, NULL,
     "the loss"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    (void)l, (void)columns;
    tape_node *positive = op_rows(t, nodes[0], 0, target->examples);
    tape_node *negative = op_rows(t, nodes[0], target->examples, target->examples);
    return op_mean_squared_error(t, op_add(t, positive, op_scale(t, negative, -1)), target->score);
}

const loss_def loss_pair_margin_mse_def = {
    .name = "pair_margin_mse",
    .summary = "cross-encoder: margin between a query's positive and negative to a teacher's",
    .target = DATA_TARGET_SCORE,
    .min_columns = 3,
    .max_columns = 3,
    .of_pairs = true,
    .one_label = true,
    .raw_scores = true,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
