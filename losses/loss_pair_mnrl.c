/* Multiple negatives ranking of a cross-encoder with one label, over a query's list of candidates
 * (Henderson et al. 2017, section 4.4, whose scores are here of a pair read as one): cross-entropy
 * of the softmax of scale * sigmoid(x(query, candidate)), the positive the right one. Candidates
 * are the positive, the row's hard negatives, and as many texts of other rows of the batch, drawn
 * without repetition, as `negatives` says. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double scale;
    size_t negatives;
    bool sigmoid;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"pair_mnrl\"", 0, 0, NULL, NULL, "the loss"},
    {"scale", BASE_KEY_REAL, offsetof(options, scale), "10", 1e-3, 1e4, NULL, NULL,
     "factor of the scores, one over the softmax's temperature"},
    {"negatives", BASE_KEY_SIZE, offsetof(options, negatives), "4", 0, 65536, NULL, NULL,
     "texts of other rows that each query is compared with, as many as the batch has at most"},
    {"sigmoid", BASE_KEY_BOOL, offsetof(options, sigmoid), "true", 0, 0, NULL, NULL,
     "scores are the logits' sigmoid, not the logits"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static size_t negatives(const loss *l) {
    return ((const options *)loss_options(l))->negatives;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)target;
    tape_node *scores = o->sigmoid ? op_sigmoid(t, nodes[0]) : nodes[0];
    tape_node *list = op_log_softmax(t, op_fold(t, op_scale(t, scores, o->scale), columns));
    return op_scale(t, op_mean(t, op_columns(t, list, 0, 1)), -1);
}

const loss_def loss_pair_mnrl_def = {
    .name = "pair_mnrl",
    .summary = "cross-encoder: each query finds its positive among its candidates and others'",
    .min_columns = 2,
    .max_columns = DATA_MAX_COLUMNS,
    .of_pairs = true,
    .one_label = true,
    .min_batch = 2,
    .negatives_in_batch = true,
    .options = &option_keys,
    .build = build,
    .negatives = negatives,
};
