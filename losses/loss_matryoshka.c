/* Matryoshka (Kusupati et al. 2022, "Matryoshka Representation Learning", equation 1): the sum over
 * dims d of weight_d times another loss of the first d columns of the embeddings, brought to length
 * one. So the first columns of a vector are a vector of their own. Of the dims n_dims_per_step are
 * drawn anew each step, as sentence-transformers has it: all or some of them are summed. A
 * teacher's vectors of the same width are cut as well, where they are compared with embeddings;
 * they are not brought to length one. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { LEAST_DIM = 32 }; /* of those that are found */

typedef struct options {
    const char *name;
    const cJSON *loss;
    base_key_numbers dims, weights;
    size_t dims_per_step;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"matryoshka\"", 0, 0, NULL, NULL,
     "the loss"},
    {"loss", BASE_KEY_TREE, offsetof(options, loss), "\"mnrl\"", 0, 0, NULL, NULL,
     "the loss of each width: a name, or {\"name\": ..., and its options}"},
    {"dims", BASE_KEY_NUMBERS, offsetof(options, dims), "null", 1, 1 << 20, NULL, NULL,
     "a list of the widths, falling; null: the embedding's, its half, and so on down to 32"},
    {"weights", BASE_KEY_NUMBERS, offsetof(options, weights), "null", 0, 1e6, NULL, NULL,
     "a list of the factor of each width's loss; null: 1 each"},
    {"n_dims_per_step", BASE_KEY_SIZE, offsetof(options, dims_per_step), "0", 0, 1 << 20, NULL,
     NULL,
     "widths that are drawn by seed for each step of training, evaluations take all; 0: all "
     "(sentence-transformers' -1)"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static bool check(const loss *l, base_error *error) {
    const options *o = loss_options(l);
    const double *dim = o->dims.value;
    if (loss_definition(l)->layers)
        return loss_fail(l, error,
                         "loss: it reads every layer, expected it around matryoshka, not in it");
    for (size_t i = 0; i < o->dims.count; i++)
        if (dim[i] > floor(dim[i]) || (i > 0 && dim[i] >= dim[i - 1]))
            return loss_fail(l, error, "dims: found %g, expected whole numbers that fall", dim[i]);
    double most = 0;
    for (size_t i = 0; i < o->weights.count; i++)
        most = fmax(most, o->weights.value[i]);
    if (o->weights.count && !o->dims.count)
        return loss_fail(l, error, "weights: found %zu without dims, expected dims as well",
                         o->weights.count);
    if (o->weights.count && o->weights.count != o->dims.count)
        return loss_fail(l, error, "weights: found %zu, expected as many as dims, %zu",
                         o->weights.count, o->dims.count);
    return !o->weights.count || most > 0 ||
           loss_fail(l, error, "weights: all are 0, expected one above it");
}

/* The loss of the first `dim` columns; it has no parameters, which would be of one width alone. */
static bool add_width(loss *l, size_t dim, base_error *error) {
    const options *o = loss_options(l);
    loss_setting setting = *loss_get_setting(l);
    if (dim > setting.width)
        return loss_fail(l, error,
                         "dims has %zu, expected at most the %zu columns of the "
                         "embeddings",
                         dim, setting.width);
    if (loss_definition(l)->compares_vectors && setting.teacher_width == setting.width)
        setting.teacher_width = dim;
    setting.width = dim;
    const loss *made = loss_add_inner(l, o->loss, &setting, error), *part;
    for (size_t i = 0; made && (part = loss_part(made, i)); i++)
        if (nn_params_count(loss_params(part)) > 0)
            return loss_fail(l, error,
                             "loss: the loss %s has parameters for %zu columns, "
                             "expected a loss without",
                             loss_definition(part)->name, dim);
    return made != NULL;
}

static bool add_widths(loss *l, base_error *error) {
    const options *o = loss_options(l);
    size_t width = loss_get_setting(l)->width;
    bool ok = true;
    for (size_t i = 0; ok && i < o->dims.count; i++)
        ok = add_width(l, (size_t)o->dims.value[i], error);
    if (o->dims.count > 0)
        return ok;
    ok = add_width(l, width, error);
    for (size_t dim = width / 2; ok && dim >= LEAST_DIM; dim /= 2)
        ok = add_width(l, dim, error);
    return ok;
}

static size_t count_widths(const loss *l) {
    size_t count = 0;
    while (loss_inner(l, count))
        count++;
    return count;
}

static bool declare(loss *l, base_error *error) {
    const options *o = loss_options(l);
    return add_widths(l, error) &&
           (o->dims_per_step <= count_widths(l) ||
            loss_fail(l, error, "n_dims_per_step is %zu, expected at most the %zu dims",
                      o->dims_per_step, count_widths(l)));
}

/* The first `to` of the `from` columns of `rows` rows, in the tape's memory. */
static const double *cut(tape *t, const double *x, size_t rows, size_t from, size_t to) {
    double *out = tape_memory(t, rows, to, sizeof *out);
    for (size_t r = 0; out && r < rows; r++)
        memcpy(out + r * to, x + r * from, to * sizeof *out);
    return out;
}

static tape_node *build_width(const loss *l, size_t i, tape *t, tape_node *const *nodes,
                              size_t columns, const loss_target *target) {
    const options *o = loss_options(l);
    const loss *each = loss_inner(l, i);
    tape_node *first[DATA_MAX_COLUMNS];
    for (size_t c = 0; c < columns; c++)
        first[c] = op_normalize(t, op_columns(t, nodes[c], 0, loss_get_setting(each)->width));
    loss_target narrow = *target;
    size_t from = loss_get_setting(l)->teacher_width, to = loss_get_setting(each)->teacher_width;
    if (to < from && target->teacher)
        narrow.teacher = cut(t, target->teacher, columns * target->examples, from, to);
    tape_node *part = loss_build(each, t, first, columns, &narrow);
    return o->weights.count ? op_scale(t, part, o->weights.value[i]) : part;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    size_t widths = count_widths(l);
    bool some = o->dims_per_step && !tape_get_mode(t)->all;
    size_t wanted = some ? o->dims_per_step : widths;
    tape_node *sum = NULL;
    for (size_t i = 0; i < widths; i++) {
        if (!base_random_takes(tape_random(t), widths - i, &wanted))
            continue;
        tape_node *part = build_width(l, i, t, nodes, columns, target);
        sum = sum ? op_add(t, sum, part) : part;
    }
    return sum;
}

const loss_def loss_matryoshka_def = {
    .name = "matryoshka",
    .summary = "another loss of the embeddings' first columns, of several widths",
    .wraps = "loss",
    .options = &option_keys,
    .check = check,
    .declare = declare,
    .build = build,
};
