/* Normalize: every row to length 1. */
#include "nn/module.h"

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    (void)m;
    (void)set;
    return !config || nn_module_check_names(config, where, error);
}

static tape_node *forward(const nn_module *m, tape *t, const tape_layout *layout, nn_params *set,
                          tape_node *x) {
    (void)m;
    (void)layout;
    (void)set;
    return op_normalize(t, x);
}

const nn_module_def nn_module_normalize_def = {
    "Normalize", "sentence_transformers.models.Normalize", configure, forward, NULL};
