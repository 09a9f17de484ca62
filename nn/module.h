/* Modules after the encoder, as sentence-transformers has them: pooling, dense, normalize, ... One
 * file a kind, one line in modules.def. */
#ifndef NN_MODULE_H
#define NN_MODULE_H

#include "autograd/ops/ops.h"
#include "base/json_write.h"
#include "nn/activation.h"
#include "nn/params.h"

typedef struct nn_module nn_module;

/* A pass through the modules of a model. */
typedef struct nn_module_pass {
    tape *tape;
    const tape_layout *layout;
    nn_params *set;           /* of the modules */
    tape_node *const *layers; /* the encoder's embeddings and each layer's output [T,H]; NULL unless
                               * a module wants them */
} nn_module_pass;

typedef struct nn_module_def {
    const char *kind;        /* last part of the Python type: "Pooling", "Normalize", "Dense" */
    const char *python_type; /* as written to modules.json */
    bool takes_tokens;       /* a row a token, [T, in]; else a row a text */
    bool gives_tokens;
    bool wants_layers; /* reads the pass's layers */
    /* What it reads and writes of its config, NULL-terminated; other keys are kept as read. */
    const char *const *keys;
    /* Reads the module's config (NULL when its folder or file is missing) for inputs of `in`
     * columns (m->in and m->layers are set), sets m->out, declares parameters into set. `where`
     * names the file. */
    bool (*configure)(nn_module *m, const cJSON *config, nn_params *set, const char *where,
                      base_error *error);
    /* Appends its operators; x itself when there is nothing to do. */
    tape_node *(*forward)(const nn_module *m, const nn_module_pass *p, tape_node *x);
    /* Writes its keys of config.json; NULL: it has none. */
    void (*describe)(const nn_module *m, base_json_writer *w);
} nn_module_def;

struct nn_module {
    const nn_module_def *def;
    char folder[32];                  /* "1_Pooling"; its tensors are named "FOLDER.NAME" */
    uint32_t index;                   /* among the model's modules, the encoder is 0 */
    size_t in, out;                   /* columns */
    size_t layers;                    /* of the encoder; 0: it does not give their outputs */
    const cJSON *entry;               /* in modules.json, the model's (nn_extra); NULL: none */
    cJSON *rest;                      /* config.json's other keys, as read; NULL: none */
    size_t weight, bias, residual;    /* tensors of the set, SIZE_MAX when absent */
    op_pool_mode pool[OP_POOL_MODES]; /* Pooling: modes, concatenated in this order */
    size_t pool_count;
    bool include_prompt;      /* Pooling; false: a prompt's tokens are left out */
    nn_activation activation; /* Dense */
    bool use_residual;        /* Dense: y += x, or x residual^T where widths differ */
    double dropout;           /* Dropout: probability */
    size_t first_layer,
        count; /* WeightedLayerPooling: layers first_layer .. layers, by its config */
};

/* Where a module stands. */
typedef struct nn_module_place {
    size_t index;  /* among the model's modules, the encoder is 0 */
    size_t in;     /* input columns */
    size_t layers; /* of the encoder, whose outputs the pass has; 0: it has none */
} nn_module_place;

/* A module of this kind, configured. Free with nn_module_free, also after an error. */
bool nn_module_init(nn_module *m, const char *kind, const nn_module_place *place,
                    const cJSON *config, nn_params *set, const char *where, base_error *error);
void nn_module_free(nn_module *m);

/* Declares a whole tensor "FOLDER.NAME" of the module (spec->name is NAME). SIZE_MAX after an
 * error. */
size_t nn_module_add(const nn_module *m, const nn_param_spec *spec, nn_params *set,
                     base_error *error);

/* Whether any tensor is the module's. */
bool nn_module_has_tensors(const nn_module *m);

/* Whether it has a config.json, which is what describe says and m->rest. */
bool nn_module_has_config(const nn_module *m);
void nn_module_put_config(const nn_module *m, base_json_writer *w);

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
