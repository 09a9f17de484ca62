/* WeightedLayerPooling: a token's vector is the mean of its vectors after several layers, weighted
 * by one number a layer, which is trained. */
#include "nn/module.h"

#include "base/json.h"
#include "base/log.h"

#include <stdint.h>

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    enum { MOST = 1 << 10 };
    size_t width = m->in, layers = 12;
    m->first_layer = 4;
    if (!base_json_size(config, "word_embedding_dimension", m->in, m->in, &width, where, error) ||
        !base_json_size(config, "embedding_dimension", m->in, m->in, &width, where, error) ||
        !base_json_size(config, "num_hidden_layers", 1, MOST, &layers, where, error) ||
        !base_json_size(config, "layer_start", 0, layers, &m->first_layer, where, error))
        return false;
    if (!m->layers)
        base_log(BASE_LOG_WARNING,
                 "%s: has no effect, as in Python: the encoder's config.json does not say "
                 "\"output_hidden_states\": true",
                 where);
    else if (layers != m->layers)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: num_hidden_layers is %zu, expected the encoder's %zu", where, layers,
                         m->layers);
    m->count = layers + 1 - m->first_layer;
    nn_param_spec spec = {.name = "layer_weights", .cols = m->count, .init = NN_INIT_ONE};
    m->weight = nn_module_add(m, &spec, set, error);
    return m->weight != SIZE_MAX;
}

/* In parts, since an operator's inputs are few. */
static tape_node *forward(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    if (!m->layers)
        return x;
    tape_node *w = tape_leaf(p->tape, nn_params_at(p->set, m->weight)), *sum = NULL;
    for (size_t i = 0, n; i < m->count; i += n) {
        n = m->count - i < TAPE_MAX_INPUTS - 1 ? m->count - i : TAPE_MAX_INPUTS - 1;
        tape_node *part = op_weighted_mean(p->tape, p->layers + m->first_layer + i, n, w, i);
        sum = sum ? op_add(p->tape, sum, part) : part;
    }
    return sum;
}

static void describe(const nn_module *m, base_json_writer *w) {
    base_json_put_size(w, "word_embedding_dimension", m->in);
    base_json_put_size(w, "layer_start", m->first_layer);
    base_json_put_size(w, "num_hidden_layers", m->first_layer + m->count - 1);
}

static const char *const keys[] = {"word_embedding_dimension", "embedding_dimension", "layer_start",
                                   "num_hidden_layers", NULL};

const nn_module_def nn_module_weighted_layers_def = {
    .kind = "WeightedLayerPooling",
    .python_type = "sentence_transformers.models.WeightedLayerPooling",
    .takes_tokens = true,
    .gives_tokens = true,
    .wants_layers = true,
    .keys = keys,
    .configure = configure,
    .forward = forward,
    .describe = describe,
};
