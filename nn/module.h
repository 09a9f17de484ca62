/* Modules after the encoder: pooling, normalize, dense. One file a kind, one line in modules.def.
 */
#ifndef NN_MODULE_H
#define NN_MODULE_H

#include "autograd/ops/ops.h"
#include "base/json_write.h"
#include "nn/activation.h"
#include "nn/params.h"

typedef struct nn_module nn_module;

typedef struct nn_module_def {
    const char *kind;        /* last part of the Python type: "Pooling", "Normalize", "Dense" */
    const char *python_type; /* as written to modules.json */
    /* Reads the module's config (NULL when its folder or file is missing) for inputs of `in`
     * columns (m->in is set), sets m->out, declares parameters into set. `where` names the file. */
    bool (*configure)(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error);
    /* Appends its operators; x itself when there is nothing to do. */
    tape_node *(*forward)(const nn_module *m, tape *t, const tape_layout *layout, nn_params *set,
                          tape_node *x);
    /* Writes the members of the module's config.json; NULL: it has none. */
    void (*describe)(const nn_module *m, base_json_writer *w);
} nn_module_def;

struct nn_module {
    const nn_module_def *def;
    char folder[32];                  /* "1_Pooling"; its tensors are named "FOLDER.NAME" */
    size_t in, out;                   /* columns */
    op_pool_mode pool[OP_POOL_MODES]; /* Pooling: modes, concatenated in this order */
    size_t pool_count;
    bool include_prompt;      /* Pooling: kept as read, there are no prompts */
    size_t weight, bias;      /* Dense: tensors of the set, SIZE_MAX when absent */
    nn_activation activation; /* Dense */
};

/* A module of this kind with `in` input columns, number `index` of the model's modules (the encoder
 * is 0), configured. */
bool nn_module_init(nn_module *m, const char *kind, size_t index, size_t in, const cJSON *config,
                    nn_params *set, const char *where, base_error *error);

/* Gives a Pooling module this mode alone. */
void nn_pooling_set(nn_module *m, op_pool_mode mode);

/* Our names of the modes, in the order of op_pool_mode, NULL-terminated: for config keys. */
const char *const *nn_pooling_names(void);

/* Python's name of a mode. */
const char *nn_pooling_name(op_pool_mode mode);

/* module_input_name and module_output_name of a module's config, when there, are
 * "sentence_embedding": nothing else is supported. */
bool nn_module_check_names(const cJSON *config, const char *where, base_error *error);

extern const nn_module_def nn_module_pooling_def, nn_module_normalize_def;

/* Definition by kind, NULL when unknown. */
const nn_module_def *nn_module_find(const char *kind);

#endif
