/* Softmax classification of pairs (Reimers & Gurevych 2019, section 3, "classification objective
 * function"): cross-entropy of softmax(W c + b), c a concatenation of u, v, |u-v| and u*v. The head
 * starts as U(-1/sqrt(w), 1/sqrt(w)), w the columns of c. */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct options {
    const char *name;
    int concatenation; /* index into names */
    double smoothing;
} options;

/* The paper's table 6: X(name, parts). */
#define CONCATENATIONS(X)                                                                          \
    X("u,v,|u-v|", OP_PAIR_U | OP_PAIR_V | OP_PAIR_DIFFERENCE)                                     \
    X("u,v", OP_PAIR_U | OP_PAIR_V)                                                                \
    X("|u-v|", OP_PAIR_DIFFERENCE)                                                                 \
    X("u*v", OP_PAIR_PRODUCT)                                                                      \
    X("|u-v|,u*v", OP_PAIR_DIFFERENCE | OP_PAIR_PRODUCT)                                           \
    X("u,v,u*v", OP_PAIR_U | OP_PAIR_V | OP_PAIR_PRODUCT)                                          \
    X("u,v,|u-v|,u*v", OP_PAIR_U | OP_PAIR_V | OP_PAIR_DIFFERENCE | OP_PAIR_PRODUCT)

#define NAME(name, parts) name,
static const char *const names[] = {CONCATENATIONS(NAME) NULL};
#define PARTS(name, parts) parts,
static const unsigned parts_by_name[] = {CONCATENATIONS(PARTS)};

static const char *const *concatenation_names(void) {
    return names;
}

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"softmax\"", 0, 0, NULL, NULL, "the loss"},
    {"concatenation", BASE_KEY_CHOICE, offsetof(options, concatenation), "\"u,v,|u-v|\"", 0, 0,
     concatenation_names, NULL, "what the classifier sees of the two embeddings u and v"},
    {"label_smoothing", BASE_KEY_REAL, offsetof(options, smoothing), "0", 0, 0.999, NULL, NULL,
     "part of the target that is spread evenly over all classes"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static unsigned parts_of(const loss *l) {
    const options *o = loss_options(l);
    return parts_by_name[o->concatenation];
}

enum { WEIGHT, BIAS };

static bool declare(loss *l, base_error *error) {
    const loss_setting *s = loss_get_setting(l);
    size_t parts = 0, columns;
    for (unsigned bits = parts_of(l); bits; bits &= bits - 1)
        parts++;
    if (!base_size_mul(s->width, parts, &columns) || columns == 0)
        return loss_fail(l, error, "name: embeddings of %zu columns, expected at least one",
                         s->width);
    double bound = 1 / sqrt((double)columns);
    nn_param_spec weight = {"classifier.weight",     s->classes,    columns, .decay = true,
                            .init = NN_INIT_UNIFORM, .scale = bound};
    nn_param_spec bias = {"classifier.bias", 0, s->classes, .init = NN_INIT_UNIFORM,
                          .scale = bound};
    return nn_params_add_whole(loss_params(l), &weight, error) == WEIGHT &&
           nn_params_add_whole(loss_params(l), &bias, error) == BIAS;
}

static tape_node *logits(const loss *l, tape *t, tape_node *const *nodes) {
    nn_params *params = loss_params(l);
    tape_node *weight = tape_leaf(t, nn_params_at(params, WEIGHT));
    tape_node *bias = tape_leaf(t, nn_params_at(params, BIAS));
    return op_linear(t, op_pair(t, nodes[0], nodes[1], parts_of(l)), weight, bias);
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    (void)columns;
    return op_cross_entropy_smoothed(t, logits(l, t, nodes), target->label, o->smoothing);
}

const loss_def loss_softmax_def = {
    .name = "softmax",
    .summary = "classification of pairs by a softmax head over (u, v, |u-v|)",
    .target = DATA_TARGET_CLASS,
    .min_columns = 2,
    .max_columns = 2,
    .min_batch = 1,
    .options = &option_keys,
    .declare = declare,
    .build = build,
    .logits = logits,
};
