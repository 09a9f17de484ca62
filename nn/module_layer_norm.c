/* LayerNorm: every row to mean 0 and variance 1, then scaled and shifted (Ba et al. 2016). */
#include "nn/module.h"

#include "base/json.h"

#include <stdint.h>

/* PyTorch's. */
static const double EPSILON = 1e-5;

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    nn_param_spec weight = {.name = "norm.weight", .cols = m->in, .init = NN_INIT_ONE};
    nn_param_spec bias = {.name = "norm.bias", .cols = m->in, .init = NN_INIT_ZERO};
    size_t dimension = m->in;
    if (!base_json_size(config, "dimension", m->in, m->in, &dimension, where, error))
        return false;
    m->weight = nn_module_add(m, &weight, set, error);
    m->bias = m->weight == SIZE_MAX ? SIZE_MAX : nn_module_add(m, &bias, set, error);
    return m->bias != SIZE_MAX;
}

static tape_node *forward(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    return op_add_norm(
        p->tape, p->layout, x, NULL, tape_leaf(p->tape, nn_params_at(p->set, m->weight)),
        tape_leaf(p->tape, nn_params_at(p->set, m->bias)), &(op_norm_options){.epsilon = EPSILON});
}

static void describe(const nn_module *m, base_json_writer *w) {
    base_json_put_size(w, "dimension", m->in);
}

static const char *const keys[] = {"dimension", NULL};

const nn_module_def nn_module_layer_norm_def = {.kind = "LayerNorm",
                                                .python_type =
                                                    "sentence_transformers.models.LayerNorm",
                                                .keys = keys,
                                                .configure = configure,
                                                .forward = forward,
                                                .describe = describe};
