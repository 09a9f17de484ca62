/* Steps that making adapters (lora.c) and reading them (lora_folder.c) share. */
#ifndef NN_LORA_BUILD_H
#define NN_LORA_BUILD_H

#include "nn/lora.h"

/* Without adapters. */
nn_lora *nn_lora_empty(base_error *error);

/* Whether the view is the weights of a linear layer; the layer's name, in heap memory. */
bool nn_lora_is_layer(const nn_params *encoder, size_t view);
char *nn_lora_layer(const nn_params *encoder, size_t view, base_error *error);

/* Declares the adapter of that layer; takes the name. `where` names the rank in messages. */
bool nn_lora_add(nn_lora *l, const nn_params *encoder, size_t view, char *name, size_t rank,
                 const char *where, base_error *error);

#endif
