/* The sum of several losses of the same rows, each with its weight: a loss and a regularisation, or
 * two views of a target. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    const cJSON *losses;
    base_key_numbers weights;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"sum\"", 0, 0, NULL, NULL, "the loss"},
    {"losses", BASE_KEY_TREES, offsetof(options, losses), "[\"mnrl\", \"global_orthogonal\"]", 0, 0,
     NULL, NULL, "a list of losses, each a name, or {\"name\": ..., and its options}"},
    {"weights", BASE_KEY_NUMBERS, offsetof(options, weights), "null", 1e-6, 1e6, NULL, NULL,
     "a list of the factor of each loss; null: 1 each"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static bool check(const loss *l, base_error *error) {
    const options *o = loss_options(l);
    size_t losses = (size_t)cJSON_GetArraySize(o->losses);
    return o->weights.count == 0 || o->weights.count == losses ||
           loss_fail(l, error, "weights: found %zu, expected as many as losses, %zu",
                     o->weights.count, losses);
}

static bool declare(loss *l, base_error *error) {
    const options *o = loss_options(l);
    bool ok = true;
    for (const cJSON *item = o->losses->child; ok && item; item = item->next)
        ok = loss_add_inner(l, item, loss_get_setting(l), error) != NULL;
    return ok;
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    const loss *each;
    tape_node *sum = NULL;
    for (size_t i = 0; (each = loss_inner(l, i)); i++) {
        tape_node *part = loss_build(each, t, nodes, columns, target);
        if (o->weights.count)
            part = op_scale(t, part, o->weights.value[i]);
        sum = sum ? op_add(t, sum, part) : part;
    }
    return sum;
}

const loss_def loss_sum_def = {
    .name = "sum",
    .summary = "several losses of the same rows, each with its weight",
    .wraps = "losses",
    .options = &option_keys,
    .check = check,
    .declare = declare,
    .build = build,
};
