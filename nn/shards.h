/* The tensors of a model: those of one safetensors file, or of several, its shards, which a
 * model.safetensors.index.json lists. */
#ifndef NN_SHARDS_H
#define NN_SHARDS_H

#include "nn/safetensors.h"

typedef struct nn_shards {
    nn_safetensors **file; /* in the order of their names' first appearance */
    size_t files, capacity;
    const nn_tensor_info **tensor; /* all, file after file */
    size_t count;
} nn_shards;

/* Opens and checks every header; no data is read. A path that ends in ".index.json" is an index,
 * {"metadata": {"total_size": BYTES}, "weight_map": {TENSOR: FILE, ...}}: its files lie beside it,
 * and each has just the tensors that it is said to have. Free with nn_shards_close, also after an
 * error. */
bool nn_shards_open(nn_shards *shards, const char *path, base_error *error);
void nn_shards_close(nn_shards *shards);

const nn_tensor_info *nn_shards_find(const nn_shards *shards, const char *name); /* or NULL */

#endif
