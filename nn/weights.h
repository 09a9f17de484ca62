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
    cJSON *config;   /* config.json */
    cJSON *sentence; /* config_sentence_transformers.json; NULL when there was none */
    bool lower_case; /* do_lower_case of sentence_bert_config.json */
    nn_extra_tensor *tensors;
    size_t count, capacity;
};

/* Appends a tensor with `size` zero bytes to be filled by the caller; NULL when memory is out. */
nn_extra_tensor *nn_extra_add(nn_extra *extra, const char *name, const char *dtype,
                              const size_t *dims, size_t dim_count, size_t size, base_error *error);

void nn_extra_free(nn_extra *extra);

/* Fills every view of the set whose name begins with `scope` ("" for all) from the file, where it
 * is named without the scope and with one of the prefixes (NULL-terminated list, or NULL), and
 * LayerNorm weights may be gamma and beta. All shapes are checked before anything is read; with
 * data false nothing is. Tensors that no view wants are an error when `strict`, as in PyTorch; else
 * they are added to *extra, unless it is NULL, without the prefix, and those outside of it are
 * dropped. */
typedef struct nn_weights_source {
    const char *path, *scope;
    const char *const *prefixes;
    nn_extra *extra;
    bool data, strict;
} nn_weights_source;
bool nn_weights_read(nn_params *set, const nn_weights_source *source, base_error *error);

/* Writes the views of the scope, and the extra tensors when not NULL. */
bool nn_weights_write(nn_params *set, const char *scope, const nn_extra *extra, const char *path,
                      base_error *error);

#endif
