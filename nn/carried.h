/* What a model folder has that takes no part in computing and is written back as read. */
#ifndef NN_CARRIED_H
#define NN_CARRIED_H

#include "nn/safetensors.h"

#include <cjson/cJSON.h>

/* A tensor that no parameter wants: BERT's pooler, position_ids. */
typedef struct nn_carried_tensor {
    char *name, *dtype;
    size_t dims[NN_MAX_DIMS], dim_count, size;
    void *bytes;
} nn_carried_tensor;

typedef struct nn_carried {
    cJSON *config;   /* config.json */
    cJSON *sentence; /* config_sentence_transformers.json; NULL when there was none */
    bool lower_case; /* do_lower_case of sentence_bert_config.json */
    nn_carried_tensor *tensors;
    size_t count, capacity;
} nn_carried;

/* Appends a tensor with `size` zero bytes to be filled by the caller; NULL when memory is out. */
nn_carried_tensor *nn_carried_add(nn_carried *carried, const char *name, const char *dtype,
                                  const size_t *dims, size_t dim_count, size_t size,
                                  base_error *error);

void nn_carried_free(nn_carried *carried);

#endif
