/* Parameter sets from and to safetensors files. */
#ifndef NN_WEIGHTS_H
#define NN_WEIGHTS_H

#include "nn/params.h"
#include "nn/safetensors.h"

#include <cjson/cJSON.h>

/* What a model folder has that takes no part in computing; it is kept as read and written back. */
typedef struct nn_extra nn_extra;

/* A tensor that no parameter wants: BERT's pooler, position_ids. */
typedef struct nn_extra_tensor {
    char *name, *dtype;
    size_t dims[NN_MAX_DIMS], dim_count, size;
    void *bytes;
} nn_extra_tensor;

struct nn_extra {
    const char *prefix;   /* of the names of its file's tensors; NULL: none */
    cJSON *config;        /* config.json */
    cJSON *list;          /* modules.json; NULL when there was none */
    cJSON *sentence;      /* config_sentence_transformers.json; NULL when there was none */
    cJSON *sentence_bert; /* sentence_bert_config.json; NULL when there was none */
    bool lower_case;      /* do_lower_case of sentence_bert_config.json */
    nn_extra_tensor *tensors;
    size_t count, capacity;
};

/* Appends a tensor with `size` zero bytes to be filled by the caller; NULL when memory is out. */
nn_extra_tensor *nn_extra_add(nn_extra *extra, const char *name, const char *dtype,
                              const size_t *dims, size_t dim_count, size_t size, base_error *error);

void nn_extra_free(nn_extra *extra);

/* The tensor of that name; NULL when there is none. */
nn_extra_tensor *nn_extra_find(const nn_extra *extra, const char *name);

/* A tensor's values into the view, whose shape must be its own; `path` names the file in messages.
 */
bool nn_extra_copy(const nn_extra_tensor *tensor, nn_params *set, const nn_param_view *view,
                   const char *path, base_error *error);

/* The same, and the tensor is gone. */
bool nn_extra_take(nn_extra *extra, nn_extra_tensor *tensor, nn_params *set,
                   const nn_param_view *view, const char *path, base_error *error);

/* Drops the tensors whose names have `part` in them. */
void nn_extra_drop(nn_extra *extra, const char *part);

/* Says in the log which tensors of the file take no part, but for those that nearly every encoder's
 * file has. */
void nn_extra_tell(const nn_extra *extra, const char *path);

/* Fills every view of the set whose name begins with `scope` ("" for all) from the file, where it
 * is named without the scope and with one of the prefixes (NULL-terminated list, or NULL), and
 * LayerNorm weights may be gamma and beta. `path` may be the index of several files
 * (nn/shards.h). Which tensors are there, and all shapes, are checked before anything is read; with
 * data false nothing is. Tensors that no view wants are an error when `strict`, as in PyTorch; else
 * they are added to *extra, unless it is NULL. *dtype, unless NULL, becomes
 * the type of the tensors that views want; when that, or what it was before, is not always the
 * same: F32. */
typedef struct nn_weights_source {
    const char *path, *scope;
    /* Layer i of the set is layer[i] of the file, where tensors of layer 3 are "STACK.3....", and
     * the others are left out; NULL: each is itself. */
    const char *stack;
    const size_t *layers;
    size_t layer_count;
    const char *const *prefixes;
    nn_extra *extra;
    const nn_dtype **dtype;
    bool data, strict;
} nn_weights_source;
bool nn_weights_read(nn_params *set, const nn_weights_source *source, base_error *error);

/* Writes the views of the scope as this type (NULL: F32), those of `more` (NULL: none) by their
 * whole names, and the extra tensors when not NULL: weights among them become of this type too. */
bool nn_weights_write(nn_params *set, const char *scope, nn_params *more, const nn_extra *extra,
                      const nn_dtype *dtype, const char *path, base_error *error);

#endif
