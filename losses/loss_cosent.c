/* CoSENT (Huang et al. 2024, "CoSENT: Consistent Sentence Embedding via Similarity Ranking"):
 * log(1 + sum over pairs i of a lower score than j of e^(scale (cos_i - cos_j))). Only the order of
 * the scores of a batch matters; one without two different scores has the loss 0. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"
#include "losses/loss_similarity.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double scale;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"cosent\"", 0, 0, NULL, NULL, "the loss"},
    {"scale", BASE_KEY_REAL, offsetof(options, scale), "20", 1e-3, 1e4, NULL, NULL,
     "factor of the cosines"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    tape_node *cosines = loss_similarity_scores(t, LOSS_COSINE, nodes, columns);
    return op_ranking(t, op_scale(t, cosines, o->scale), target->score);
}

const loss_def loss_cosent_def = {
    .name = "cosent",
    .summary = "the cosines of pairs in the order of their scores",
    .target = DATA_TARGET_SCORE,
    .raw_scores = true,
    .min_columns = 2,
    .max_columns = 2,
    .min_batch = 2,
    .options = &option_keys,
    .build = build,
};
