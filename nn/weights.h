/* Parameter sets from and to safetensors files. */
#ifndef NN_WEIGHTS_H
#define NN_WEIGHTS_H

#include "nn/carried.h"
#include "nn/params.h"

/* Fills every view of the set whose name begins with `scope` ("" for all) from the file, where it
 * is named without the scope and with one of the prefixes (NULL-terminated list, or NULL), and
 * LayerNorm weights may be gamma and beta. All shapes are checked before anything is read; with
 * data false nothing is. Tensors that no view wants are an error when `strict`, as in PyTorch; else
 * they are added to *carried, unless it is NULL, without the prefix, and those outside of it are
 * dropped. */
typedef struct nn_weights_source {
    const char *path, *scope;
    const char *const *prefixes;
    nn_carried *carried;
    bool data, strict;
} nn_weights_source;
bool nn_weights_read(nn_params *set, const nn_weights_source *source, base_error *error);

/* Writes the views of the scope, and the carried tensors when not NULL. */
bool nn_weights_write(nn_params *set, const char *scope, const nn_carried *carried,
                      const char *path, base_error *error);

#endif
