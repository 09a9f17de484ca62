/* Dense: y = activation(x w^T + b). */
#include "nn/module.h"

#include "base/json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Declares "FOLDER.linear.NAME", initialised as PyTorch's Linear: U(-1/sqrt(in), 1/sqrt(in)). */
static size_t add_tensor(nn_module *m, const char *name, size_t rows, nn_params *set,
                         base_error *error) {
    char full[80];
    snprintf(full, sizeof full, "%s.linear.%s", m->folder, name);
    nn_param_spec spec = {.name = full,
                          .rows = rows,
                          .cols = rows ? m->in : m->out,
                          .decay = rows != 0,
                          .init = NN_INIT_UNIFORM,
                          .scale = 1 / sqrt((double)m->in)};
    return nn_params_add_whole(set, &spec, error);
}

static bool read_activation(nn_module *m, const cJSON *config, const char *where,
                            base_error *error) {
    const char *name = nn_activation_class(NN_TANH);
    char shown[120];
    if (!base_json_text(config, "activation_function", &name, where, error))
        return false;
    return nn_activation_by_class(name, &m->activation) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: activation_function is \"%s\", expected "
                     "torch.nn.modules.activation.Tanh, GELU, ReLU or linear.Identity",
                     where, base_escape(shown, sizeof shown, name, strlen(name)));
}

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    enum { MOST = 1 << 20 };
    bool bias = true, residual = false;
    size_t in = 0;
    m->out = 0;
    if (!config)
        return base_fail(error, BASE_BAD_INPUT, "%s: missing, expected the Dense module's config",
                         where);
    if (!base_json_size(config, "in_features", m->in, m->in, &in, where, error) ||
        !base_json_size(config, "out_features", 1, MOST, &m->out, where, error) ||
        !base_json_bool(config, "bias", &bias, where, error) ||
        !base_json_bool(config, "use_residual", &residual, where, error) ||
        !read_activation(m, config, where, error) || !nn_module_check_names(config, where, error))
        return false;
    if (!in || !m->out || residual)
        return base_fail(error, BASE_BAD_INPUT, "%s: %s", where,
                         !in       ? "in_features is missing"
                         : !m->out ? "out_features is missing"
                                   : "use_residual is true, expected false");
    m->weight = add_tensor(m, "weight", m->out, set, error);
    if (m->weight != SIZE_MAX && bias)
        m->bias = add_tensor(m, "bias", 0, set, error);
    return base_ok(error);
}

static tape_node *forward(const nn_module *m, tape *t, const tape_layout *layout, nn_params *set,
                          tape_node *x) {
    (void)layout;
    tape_node *b = m->bias == SIZE_MAX ? NULL : tape_leaf(t, nn_params_at(set, m->bias));
    tape_node *y = op_linear(t, x, tape_leaf(t, nn_params_at(set, m->weight)), b);
    return nn_activation_apply(m->activation, t, y);
}

static void describe(const nn_module *m, base_json_writer *w) {
    base_json_put_size(w, "in_features", m->in);
    base_json_put_size(w, "out_features", m->out);
    base_json_put_bool(w, "bias", m->bias != SIZE_MAX);
    base_json_put_string(w, "activation_function", nn_activation_class(m->activation));
}

const nn_module_def nn_module_dense_def = {"Dense", "sentence_transformers.models.Dense", configure,
                                           forward, describe};
