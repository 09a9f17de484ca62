/* A training state's numbers in one safetensors file: first and second moments of every trainable
 * tensor, its moving average where there is one (train/average.h), and the values of sets that no
 * model folder holds (a loss's own). */
#ifndef TRAIN_TENSORS_H
#define TRAIN_TENSORS_H

#include "nn/params.h"

typedef struct train_set {
    const char *name; /* tensors are called NAME.value.TENSOR, NAME.m.TENSOR, NAME.v.TENSOR,
                       * NAME.average.TENSOR */
    nn_params *params;
    bool values;    /* save the values too */
    bool head;      /* begins at random, on top of the rest */
    real **average; /* of each tensor, NULL for a frozen one; NULL: there are none */
} train_set;

bool train_tensors_write(const char *path, const train_set *sets, size_t count, base_error *error);

/* Reads every one of these tensors back; a missing one or another shape is an error. */
bool train_tensors_read(const char *path, const train_set *sets, size_t count, base_error *error);

#endif
