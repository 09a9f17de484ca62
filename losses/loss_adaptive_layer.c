/* Adaptive layer (Li et al. 2024, "2D Matryoshka Sentence Embeddings", section 3, as
 * sentence-transformers has it): another loss of the embeddings, and of those that earlier layers
 * give, so that a model cut to its first layers is a model of its own. With L layers before the
 * last one, the token embeddings being layer 0, of which the set S of n is drawn anew each step,
 *
 *   last_layer_weight loss(last) + prior_layers_weight / n sum over i in S of w_i loss(layer i)
 *     + kl_div_weight T sum over i in S of KL(p || q_i)
 *
 * w_i: 1 (uniform), 1 / (1 + ln(1 + i)) (log) or 1 / (1 + i) (linear). p = softmax(last / T) over
 * the columns of an embedding, which is a constant, q_i = softmax(layer i / T); KL is the mean over
 * all texts of the batch. Around a Matryoshka loss it is sentence-transformers' Matryoshka2dLoss,
 * which draws one dim for each layer (n_dims_per_step 1). */
#include "autograd/ops/ops.h"
#include "losses/loss.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    const cJSON *loss;
    size_t layers_per_step;
    double last_weight, prior_weight, kl_weight, temperature;
    int weighting;
} options;

enum { UNIFORM, LOG, LINEAR };
static const char *const *weighting_names(void) {
    static const char *const names[] = {
        [UNIFORM] = "uniform", [LOG] = "log", [LINEAR] = "linear", NULL};
    return names;
}

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"adaptive_layer\"", 0, 0, NULL, NULL,
     "the loss"},
    {"loss", BASE_KEY_TREE, offsetof(options, loss), "\"mnrl\"", 0, 0, NULL, NULL,
     "the loss of each layer: a name, or {\"name\": ..., and its options}; with matryoshka, whose "
     "n_dims_per_step is 1, this is sentence-transformers' Matryoshka2dLoss"},
    {"n_layers_per_step", BASE_KEY_SIZE, offsetof(options, layers_per_step), "1", 0, 1 << 20, NULL,
     NULL,
     "layers before the last one, the token embeddings among them, that are drawn by seed for each "
     "step; 0: all (sentence-transformers' -1)"},
    {"last_layer_weight", BASE_KEY_REAL, offsetof(options, last_weight), "1", 0, 1e6, NULL, NULL,
     "factor of the last layer's loss"},
    {"prior_layers_weight", BASE_KEY_REAL, offsetof(options, prior_weight), "1", 0, 1e6, NULL, NULL,
     "factor of the mean of the other layers' losses"},
    {"kl_div_weight", BASE_KEY_REAL, offsetof(options, kl_weight), "1", 0, 1e6, NULL, NULL,
     "factor of the divergence of the other layers' embeddings from the last one's"},
    {"kl_temperature", BASE_KEY_REAL, offsetof(options, temperature), "0.3", 0, 1e3, NULL, NULL,
     "what embeddings are divided by for it; 0: there is no divergence"},
    {"layer_weighting", BASE_KEY_CHOICE, offsetof(options, weighting), "\"uniform\"", 0, 0,
     weighting_names, NULL,
     "of the loss of layer i, the token embeddings being 0: 1, 1 / (1 + ln(1 + i)) or 1 / (1 + i)"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static bool check(const loss *l, base_error *error) {
    const options *o = loss_options(l);
    return o->last_weight > 0 || o->prior_weight > 0 || (o->kl_weight > 0 && o->temperature > 0) ||
           loss_fail(l, error,
                     "last_layer_weight: it and all other weights are 0, or have a kl_temperature "
                     "of 0, expected one above it");
}

static bool declare(loss *l, base_error *error) {
    const options *o = loss_options(l);
    const loss_setting *s = loss_get_setting(l);
    if (s->layers == 0)
        return loss_fail(l, error,
                         "name: the model gives no layers, expected a Transformer "
                         "without a WeightedLayerPooling module");
    if (o->layers_per_step > s->layers)
        return loss_fail(l, error,
                         "n_layers_per_step is %zu, expected at most %zu, the "
                         "layers before the last one with the token embeddings",
                         o->layers_per_step, s->layers);
    return loss_add_inner(l, o->loss, s, error) != NULL;
}

static double layer_weight(const options *o, size_t layer) {
    double i = (double)layer;
    return o->weighting == LOG ? 1 / (1 + log1p(i)) : o->weighting == LINEAR ? 1 / (1 + i) : 1;
}

/* Of the texts of a column: p and its logarithm, constants. */
typedef struct distribution {
    tape_node *p, *log_p;
} distribution;

static distribution distribution_of(tape *t, const tape_node *last, double temperature) {
    tape_node *x = last ? tape_input(t, last->rows, last->cols, last->value) : NULL;
    x = op_scale(t, x, 1 / temperature);
    return (distribution){op_softmax(t, x), op_log_softmax(t, x)};
}

/* The mean over a column's texts of the sum over an embedding's columns of p (log p - log q). */
static tape_node *divergence(tape *t, const distribution *d, tape_node *layer, double temperature) {
    tape_node *log_q = op_log_softmax(t, op_scale(t, layer, 1 / temperature));
    tape_node *difference = op_add(t, d->log_p, op_scale(t, log_q, -1));
    return op_scale(t, op_mean(t, op_mul(t, d->p, difference)), layer ? (double)layer->cols : 1);
}

/* A layer's divergence, the mean over columns. */
static tape_node *layer_divergence(tape *t, const distribution *d, tape_node *const *layer,
                                   size_t columns, double temperature) {
    tape_node *sum = NULL;
    for (size_t c = 0; c < columns; c++) {
        tape_node *part = divergence(t, &d[c], layer[c], temperature);
        sum = sum ? op_add(t, sum, part) : part;
    }
    return op_scale(t, sum, 1 / (double)columns);
}

static tape_node *build(const loss *l, tape *t, tape_node *const *nodes, size_t columns,
                        const loss_target *target) {
    const options *o = loss_options(l);
    const loss *inner = loss_inner(l, 0);
    size_t layers = target->layers, wanted = o->layers_per_step ? o->layers_per_step : layers;
    double prior = o->prior_weight / (double)wanted, kl = o->kl_weight * o->temperature;
    distribution last[DATA_MAX_COLUMNS];
    for (size_t c = 0; o->temperature > 0 && c < columns; c++)
        last[c] = distribution_of(t, nodes[c], o->temperature);
    tape_node *sum = op_scale(t, loss_build(inner, t, nodes, columns, target), o->last_weight);
    for (size_t i = 0; i < layers; i++) {
        tape_node *const *layer = target->layer + i * columns;
        if (!base_random_takes(tape_random(t), layers - i, &wanted))
            continue;
        tape_node *part = loss_build(inner, t, layer, columns, target);
        sum = op_add(t, sum, op_scale(t, part, prior * layer_weight(o, i)));
        if (o->temperature > 0) {
            part = layer_divergence(t, last, layer, columns, o->temperature);
            sum = op_add(t, sum, op_scale(t, part, kl));
        }
    }
    return sum;
}

const loss_def loss_adaptive_layer_def = {
    .name = "adaptive_layer",
    .summary = "another loss of the embeddings that every layer gives, not the last alone",
    .wraps = "loss",
    .layers = true,
    .options = &option_keys,
    .check = check,
    .declare = declare,
    .build = build,
};
