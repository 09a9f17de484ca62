/* Normalize: every row to length 1. */
#include "nn/module.h"

static bool configure(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error) {
    (void)m;
    (void)set;
    return !config || nn_module_check_names(config, where, error);
}

static tape_node *forward(const nn_module *m, const nn_module_pass *p, tape_node *x) {
    (void)m;
    return op_normalize(p->tape, x);
}

static const char *const keys[] = {NULL};

const nn_module_def nn_module_normalize_def = {.kind = "Normalize",
                                               .python_type =
                                                   "sentence_transformers.models.Normalize",
                                               .keys = keys,
                                               .configure = configure,
                                               .forward = forward};
