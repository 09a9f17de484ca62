/* Dense: y = activation(x w^T + b), plus x, or x r^T, when it has a residual. */
#include "nn/module.h"

#include "base/json.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Initialised as PyTorch's Linear: U(-1/sqrt(in), 1/sqrt(in)). */
static size_t add_tensor(nn_module *m, const char *name, size_t rows, nn_params *set,
                         base_error *error) {
    nn_param_spec spec = {.name = name,
                          .rows = rows,
                          .cols = rows ? m->in : m->out,
                          .decay = rows != 0,
                          .init = NN_INIT_UNIFORM,
                          .scale = 1 / sqrt((double)m->in)};
    return nn_module_add(m, &spec, set, error);
}

static bool read_activation(nn_module *m, const cJSON *config, const char *where,
                            base_error *error) {
    const char *name = nn_activation_class(NN_TANH);
    char shown[120];
    if (!base_json_text(config, "activation_function", &name, where, error))
        return false;
    return nn_activation_by_class(name, &m->activation) ||
           base_fail(error, BASE_BAD_INPUT, "%s: activation_function is \"%s\", expected one of %s",
                     where, base_escape(shown, sizeof shown, name, strlen(name)),
                     nn_activation_classes());
}

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    enum { MOST = 1 << 20 };
    bool bias = true;
    size_t in = 0;
    m->out = 0;
    if (!config)
        return base_fail(error, BASE_BAD_INPUT, "%s: missing, expected the Dense module's config",
                         where);
    if (!base_json_size(config, "in_features", m->in, m->in, &in, where, error) ||
        !base_json_size(config, "out_features", 1, MOST, &m->out, where, error) ||
        !base_json_bool(config, "bias", &bias, where, error) ||
        !base_json_bool(config, "use_residual", &m->use_residual, where, error) ||
        !read_activation(m, config, where, error) || !nn_module_check_names(config, where, error))
        return false;
    if (!in || !m->out)
        return base_fail(error, BASE_BAD_INPUT, "%s: %s", where,
                         !in ? "in_features is missing" : "out_features is missing");
    m->weight = add_tensor(m, "linear.weight", m->out, set, error);
    if (m->weight != SIZE_MAX && bias)
        m->bias = add_tensor(m, "linear.bias", 0, set, error);
    if (base_ok(error) && m->use_residual && m->in != m->out)
        m->residual = add_tensor(m, "residual.weight", m->out, set, error);
    return base_ok(error);
}

static tape_node *leaf(const nn_module_pass *p, size_t tensor) {
    return tensor == SIZE_MAX ? NULL : tape_leaf(p->tape, nn_params_at(p->set, tensor));
}

static tape_node *forward(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    tape_node *linear = op_linear(p->tape, x, leaf(p, m->weight), leaf(p, m->bias));
    tape_node *y = nn_activation_apply(m->activation, p->tape, linear);
    if (!m->use_residual)
        return y;
    tape_node *r = leaf(p, m->residual);
    return op_add(p->tape, y, r ? op_linear(p->tape, x, r, NULL) : x);
}

static void describe(const nn_module *m, base_json_writer *w) {
    base_json_put_size(w, "in_features", m->in);
    base_json_put_size(w, "out_features", m->out);
    base_json_put_bool(w, "bias", m->bias != SIZE_MAX);
    base_json_put_string(w, "activation_function", nn_activation_class(m->activation));
    if (m->use_residual)
        base_json_put_bool(w, "use_residual", true);
}

static const char *const keys[] = {"in_features",         "out_features", "bias",
                                   "activation_function", "use_residual", NULL};

const nn_module_def nn_module_dense_def = {.kind = "Dense",
                                           .python_type = "sentence_transformers.models.Dense",
                                           .keys = keys,
                                           .configure = configure,
                                           .forward = forward,
                                           .describe = describe};
