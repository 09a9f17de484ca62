/* Dense: y = activation(x w^T + b). */
#include "nn/module.h"

#include "base/json.h"
#include "nn/module_names.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Declares "FOLDER.linear.NAME", initialised as PyTorch's Linear: U(-1/sqrt(in), 1/sqrt(in)). */
static size_t add_tensor(nn_module *m, const char *name, size_t rows, nn_params *set,
                         base_error *error) {
    char full[80];
    snprintf(full, sizeof full, "%s.linear.%s", m->folder, name);
    size_t cols = rows ? m->in : m->out;
    nn_param_spec spec = {
        full, rows ? rows : 1, cols, rows != 0, false, NN_INIT_UNIFORM, 1 / sqrt((double)m->in)};
    size_t param = nn_params_add(set, &spec, error);
    nn_param_view matrix = {full, param, 0, {rows, cols}, 2}, vector = {full, param, 0, {cols}, 1};
    if (param != SIZE_MAX && !nn_params_view(set, rows ? &matrix : &vector, error))
        return SIZE_MAX;
    return param;
}

static bool read_activation(nn_module *m, const cJSON *config, const char *where,
                            base_error *error) {
    const char *name = "tanh";
    char shown[120];
    if (!base_json_text(config, "activation_function", &name, where, error))
        return false;
    m->activation = nn_activation_find(name);
    return (m->activation && m->activation->torch_name) ||
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
    return m->activation->apply ? m->activation->apply(t, y) : y;
}

static cJSON *describe(const nn_module *m) {
    cJSON *config = cJSON_CreateObject();
    cJSON_AddNumberToObject(config, "in_features", (double)m->in);
    cJSON_AddNumberToObject(config, "out_features", (double)m->out);
    cJSON_AddBoolToObject(config, "bias", m->bias != SIZE_MAX);
    cJSON_AddStringToObject(config, "activation_function", m->activation->torch_name);
    return config;
}

const nn_module_def nn_module_dense_def = {"Dense", "sentence_transformers.models.Dense", configure,
                                           forward, describe};
