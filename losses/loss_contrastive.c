/* Contrastive loss (Hadsell et al. 2006, section 2.1): the mean or sum over pairs of
 * (s d^2 + (1 - s) max(margin - d, 0)^2) / 2, d the distance and s the score, 1 of pairs that are
 * alike and 0 of others; a score between weighs both. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_contrast.h"
#include "losses/loss_similarity.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    int distance;
    double margin;
    bool size_average;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"contrastive\"", 0, 0, NULL, NULL,
     "the loss"},
    {"distance", BASE_KEY_CHOICE, offsetof(options, distance), "\"cosine\"", 0, 0,
     loss_distance_names, NULL, "of the two embeddings"},
    {"margin", BASE_KEY_REAL, offsetof(options, margin), "0.5", 0, 1e6, NULL, NULL,
     "distance from which pairs that are not alike are left alone"},
    {"size_average", BASE_KEY_BOOL, offsetof(options, size_average), "true", 0, 0, NULL, NULL,
     "true: mean over pairs; false: sum"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    size_t rows = target->examples;
    real *alike = tape_memory(t, rows, 1, sizeof *alike),
         *other = tape_memory(t, rows, 1, sizeof *other);
    (void)columns;
    for (size_t i = 0; alike && other && i < rows; i++) {
        alike[i] = REAL(target->score[i]);
        other[i] = REAL(1 - target->score[i]);
    }
    tape_node *d = loss_contrast_distances(t, o->distance, nodes[0], nodes[1]);
    tape_node *sum = loss_contrast_sum(t, d, alike, other, o->margin);
    return op_scale(t, sum, o->size_average ? 0.5 / (double)rows : 0.5);
}

const loss_def loss_contrastive_def = {
    .name = "contrastive",
    .summary = "pairs that are alike together, others at least a margin apart",
    .target = DATA_TARGET_SCORE,
    .min_columns = 2,
    .max_columns = 2,
    .min_batch = 1,
    .options = &option_keys,
    .build = build,
};
