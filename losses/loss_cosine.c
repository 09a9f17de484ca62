/* Regression of cosine similarity (Reimers & Gurevych 2019, section 3, "regression objective
 * function"): the mean of (cos(u, v) - score)^2, scores in 0..1. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"cosine\"", 0, 0, NULL, NULL, "the loss"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    (void)l, (void)columns;
    tape_node *u = op_normalize(t, nodes[0]), *v = op_normalize(t, nodes[1]);
    return op_mean_squared_error(t, op_row_dot(t, u, v), target->score);
}

const loss_def loss_cosine_def = {
    .name = "cosine",
    .summary = "regression of the cosine similarity of pairs to a score",
    .target = DATA_TARGET_SCORE,
    .min_columns = 2,
    .max_columns = 2,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
