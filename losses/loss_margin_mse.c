/* Margins of a teacher (Hofstaetter et al. 2020, "Improving Efficient Neural Ranking Models with
 * Cross-Architecture Knowledge Distillation", section 3.2): with s the similarity of the first text
 * of a row with its positive, or with a negative, the mean over rows and negatives of
 * ((s(positive) - s(negative)) - (teacher(positive) - teacher(negative)))^2. Without a teacher the
 * row's score is the margin that is wanted, of its one negative. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_similarity.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    int similarity;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"margin_mse\"", 0, 0, NULL, NULL,
     "the loss"},
    {"similarity", BASE_KEY_CHOICE, offsetof(options, similarity), "\"dot\"", 0, 0,
     loss_similarity_names, NULL, "of the embeddings of a row"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

/* The margins that are wanted of a negative [B], in the tape's memory. */
static const double *wanted(tape *t, const loss_target *target, size_t columns, size_t negative) {
    if (!target->teacher)
        return target->score;
    size_t scores = columns - 1;
    double *margin = tape_memory(t, target->examples, 1, sizeof *margin);
    for (size_t i = 0; margin && i < target->examples; i++)
        margin[i] = target->teacher[i * scores] - target->teacher[i * scores + negative];
    return margin;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    tape_node *scores = loss_similarity_scores(t, o->similarity, nodes, columns);
    tape_node *positive = op_columns(t, scores, 0, 1), *sum = NULL;
    size_t negatives = columns - 2;
    if (!target->teacher && negatives != 1) {
        base_fail(
            tape_error(t), BASE_BAD_INPUT,
            "loss margin_mse: %zu negatives and the margin of one, expected one negative or a "
            "teacher",
            negatives);
        return NULL;
    }
    for (size_t i = 1; i <= negatives; i++) {
        tape_node *margin = op_add(t, positive, op_scale(t, op_columns(t, scores, i, 1), -1));
        tape_node *error = op_mean_squared_error(t, margin, wanted(t, target, columns, i));
        sum = sum ? op_add(t, sum, error) : error;
    }
    return op_scale(t, sum, 1 / (double)negatives);
}

const loss_def loss_margin_mse_def = {
    .name = "margin_mse",
    .summary = "how much more alike the positive is than a negative, as a teacher or a score says",
    .target = DATA_TARGET_SCORE,
    .teacher = LOSS_TEACHER_SCORES,
    .raw_scores = true,
    .min_columns = 3,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
