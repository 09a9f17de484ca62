/* Modules after the encoder: pooling, normalize, dense. One file a kind, one line in modules.def.
 */
#ifndef NN_MODULE_H
#define NN_MODULE_H

#include "autograd/ops/ops.h"
#include "nn/params.h"

#include <cjson/cJSON.h>

typedef struct nn_module nn_module;

typedef struct nn_module_def {
    const char *kind;          /* last part of the Python type: "Pooling", "Normalize", "Dense" */
    const char *python_type;   /* as written to modules.json */
    const char *folder_suffix; /* the folder is "INDEX_SUFFIX" */
    /* Reads the module's config (NULL when its folder or file is missing) for inputs of `in`
     * columns, sets m->out, declares parameters into set. `where` names the file. */
    bool (*configure)(nn_module *m, const cJSON *config, size_t in, nn_params *set,
                      const char *where, base_error *error);
    tape_node *(*forward)(const nn_module *m, tape *t, const tape_layout *layout, nn_params *set,
                          tape_node *x);
    /* The module's config.json, NULL when it has none. */
    cJSON *(*describe)(const nn_module *m);
} nn_module_def;

struct nn_module {
    const nn_module_def *def;
    size_t in, out;      /* columns */
    unsigned pool_modes; /* Pooling: bit (1 << op_pool_mode) of each that is on, concatenated */
    bool include_prompt;
    size_t weight, bias;    /* Dense: tensors of the set, SIZE_MAX when absent */
    const char *activation; /* Dense: "identity", "tanh", "gelu", "relu" */
};

/* A pooling module by name: mean, max, cls, mean_sqrt_len, weightedmean, lasttoken. */
bool nn_pooling_by_name(nn_module *m, const char *name, size_t in, base_error *error);

/* Definition by kind, NULL when unknown. */
const nn_module_def *nn_module_find(const char *kind);

#endif
