/* Steps that making adapters (lora.c) and reading them (lora_folder.c) share. */
#ifndef NN_LORA_BUILD_H
#define NN_LORA_BUILD_H

#include "nn/lora.h"

#include <cjson/cJSON.h>

/* Without adapters. */
nn_lora *nn_lora_empty(base_error *error);

/* Whether the view is the weights of a linear layer; the layer's name, in heap memory. */
bool nn_lora_is_layer(const nn_params *encoder, size_t view);
char *nn_lora_layer(const nn_params *encoder, size_t view, base_error *error);

/* Declares the adapter of that layer; takes the name. `where` names the rank in messages. */
bool nn_lora_add(nn_lora *l, const nn_params *encoder, size_t view, char *name, size_t rank,
                 const char *where, base_error *error);

/* ---- what adapter_config.json says of layers (lora_layers.c) ---- */

enum { NN_LORA_MOST_RANK = 1 << 16 };

/* Whether it is not there, null, false, or holds nothing. */
bool nn_lora_is_empty(const cJSON *item);

/* Whether the keys about layers have the kinds that peft gives them; `path` is the config's. */
bool nn_lora_check_layers(const cJSON *config, const char *path, base_error *error);

/* Whether peft would put an adapter on the layer, of which the file `tensors` has one: else it
 * would count here alone. */
bool nn_lora_names_layer(const cJSON *config, const char *layer, const char *path,
                         const char *tensors, base_error *error);

/* The layer's rank: by rank_pattern, else `usual`. */
bool nn_lora_rank_of(const cJSON *config, const char *layer, size_t usual, const char *path,
                     size_t *rank, base_error *error);

#endif
