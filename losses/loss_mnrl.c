/* Multiple negatives ranking (Henderson et al. 2017, "Efficient Natural Language Response
 * Suggestion for Smart Reply", section 4.4): scores = scale * cos(a_i, c_j) of every anchor with
 * every candidate, cross-entropy on the diagonal. Candidates are all positives (column 1) and all
 * hard negatives (further columns) of the batch. Symmetric: the mean of this and of the same from
 * positives to anchors. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double scale;
    bool symmetric;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"mnrl\"", 0, 0, NULL, NULL, "the loss"},
    {"scale", BASE_KEY_REAL, offsetof(options, scale), "20", 1e-3, 1e4, NULL, NULL,
     "factor of the cosines, one over the softmax's temperature"},
    {"symmetric", BASE_KEY_BOOL, offsetof(options, symmetric), "false", 0, 0, NULL, NULL,
     "also rank the anchors for each positive, and take the mean of both directions"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

/* Cross-entropy of each row of a among the rows of c, the right one on the diagonal. */
static tape_node *rank(tape *t, tape_node *a, tape_node *c, double scale) {
    return op_cross_entropy(t, op_scores(t, a, c, scale), NULL);
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    (void)target;
    const options *o = loss_options(l);
    tape_node *unit[DATA_MAX_COLUMNS];
    for (size_t i = 0; i < columns; i++)
        unit[i] = op_normalize(t, nodes[i]);
    tape_node *candidates = columns == 2 ? unit[1] : op_concat_rows(t, unit + 1, columns - 1);
    tape_node *forth = rank(t, unit[0], candidates, o->scale);
    if (!o->symmetric)
        return forth;
    tape_node *back = rank(t, unit[1], unit[0], o->scale);
    return op_scale(t, op_add(t, forth, back), 0.5);
}

const loss_def loss_mnrl_def = {
    .name = "mnrl",
    .summary = "multiple negatives ranking: each anchor finds its positive among the batch's",
    .min_columns = 2,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 2,
    .negatives_in_batch = true,
    .options = &option_keys,
    .build = build,
};
