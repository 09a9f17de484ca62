/* Global orthogonal regularisation (Zhang et al. 2017, "Learning Spread-out Local Feature
 * Descriptors", section 3.2): the cosines s of different texts of a column should be spread like
 * those of random directions, with mean 0 and second moment 1 / width. Of each column: mean_weight
 * (mean of s)^2 + second_moment_weight max(mean of s^2 - 1 / width, 0); of the columns the mean or
 * the sum. Of a single row both means are 0. It is made to be added to another loss. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double mean_weight, second_moment_weight;
    int aggregation;
} options;

enum { MEAN, SUM };
static const char *const *aggregation_names(void) {
    static const char *const names[] = {[MEAN] = "mean", [SUM] = "sum", NULL};
    return names;
}

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"global_orthogonal\"", 0, 0, NULL, NULL,
     "the loss"},
    {"mean_weight", BASE_KEY_REAL, offsetof(options, mean_weight), "1", 0, 1e6, NULL, NULL,
     "factor of the squared mean cosine"},
    {"second_moment_weight", BASE_KEY_REAL, offsetof(options, second_moment_weight), "1", 0, 1e6,
     NULL, NULL, "factor of the second moment's excess over 1 / width"},
    {"aggregation", BASE_KEY_CHOICE, offsetof(options, aggregation), "\"mean\"", 0, 0,
     aggregation_names, NULL, "of the text columns"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static bool check(const loss *l, base_error *error) {
    const options *o = loss_options(l);
    return o->mean_weight > 0 || o->second_moment_weight > 0 ||
           loss_fail(l, error, "mean_weight and second_moment_weight are 0, expected one above it");
}

/* [rows,rows]: 0 on the diagonal, 1 elsewhere. */
static tape_node *others(tape *t, size_t rows) {
    real *mask = tape_memory(t, rows, rows, sizeof *mask);
    for (size_t i = 0; mask && i < rows * rows; i++)
        mask[i] = i % (rows + 1) != 0;
    return mask ? tape_input(t, rows, rows, mask) : NULL;
}

static tape_node *of_column(tape *t, const options *o, tape_node *x, tape_node *mask) {
    size_t rows = x->rows, pairs = rows * rows, off_diagonal = rows > 1 ? pairs - rows : 1;
    double part = (double)pairs / (double)off_diagonal;
    tape_node *unit = op_normalize(t, x);
    tape_node *cosines = op_mul(t, op_scores(t, unit, unit, 1), mask);
    tape_node *mean = op_scale(t, op_mean(t, cosines), part);
    tape_node *second =
        op_affine(t, op_mean(t, op_mul(t, cosines, cosines)), part, -1 / (double)x->cols);
    return op_add(t, op_scale(t, op_mul(t, mean, mean), o->mean_weight),
                  op_scale(t, op_relu(t, second), o->second_moment_weight));
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    tape_node *mask = others(t, target->examples), *sum = NULL;
    for (size_t i = 0; i < columns; i++) {
        tape_node *column = of_column(t, o, nodes[i], mask);
        sum = sum ? op_add(t, sum, column) : column;
    }
    return op_scale(t, sum, o->aggregation == SUM ? 1 : 1 / (double)columns);
}

const loss_def loss_global_orthogonal_def = {
    .name = "global_orthogonal",
    .summary = "the texts of a batch spread out in all directions",
    .min_columns = 1,
    .max_columns = DATA_MAX_COLUMNS,
    .min_batch = 2,
    .negatives_in_batch = true,
    .options = &option_keys,
    .check = check,
    .build = build,
};
