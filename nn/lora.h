/* LoRA (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"): linear layers of an
 * encoder that stays as it is get matrices of low rank, which alone are trained:
 *
 *     y = x W^T + b + scale dropout(x) A^T B^T,   scale = alpha / r, or alpha / sqrt(r) (rsLoRA,
 *                                                 Kalajdzievski 2023)
 *
 * with A [r,I] drawn from U(-1/sqrt(I), 1/sqrt(I)) and B [O,r] zero at first, as Python's peft
 * does. A linear layer is what files have by a name, so that of query, key and value, which an
 * encoder may pack into one matrix, each can have an adapter of its own. Encoders know nothing of
 * it: all their linear layers go through nn_lora_linear (nn_transformer_linear).
 *
 * In a folder it is peft's: adapter_config.json and adapter_model.safetensors. */
#ifndef NN_LORA_H
#define NN_LORA_H

#include "autograd/ops/ops.h"
#include "nn/dtype.h"
#include "nn/encoder.h"

typedef struct nn_lora_settings {
    size_t rank;
    double alpha, dropout; /* dropout < 1 */
    bool rslora;
    /* Names of linear layers, or their ends behind a dot ("query", "attention.output.dense"), or
     * "all-linear" alone; count 0: query and value of every layer, or what files have both in. */
    const char *const *target;
    size_t target_count;
} nn_lora_settings;

/* Of the linear layer that files call `name`: rows [first, first + B's rows) of a tensor of the
 * encoder's. */
typedef struct nn_adapter {
    char *name;
    size_t weight, first;
    size_t a, b; /* tensors of nn_lora.params */
} nn_adapter;

typedef struct nn_lora {
    size_t rank; /* as the settings have it; that of an adapter is the rows of its A */
    double alpha, dropout;
    bool rslora;
    nn_params *params;   /* A and B of every adapter, called NAME.lora_A.weight in peft's files */
    nn_adapter *adapter; /* in the order of the encoder's tensors */
    size_t count, capacity;
    char *base;            /* folder of the encoder that it belongs to; NULL: not known */
    const nn_dtype *dtype; /* of its tensors as read; NULL: new */
} nn_lora;

/* Puts adapters on the encoder's layers, drawn by seed. BASE_BAD_INPUT for a target that is no
 * linear layer's name and a rank larger than a matrix. `where` names the settings in messages. Free
 * with nn_lora_free, no later than the encoder. */
nn_lora *nn_lora_new(nn_encoder *e, const nn_lora_settings *settings, uint64_t seed,
                     const char *where, base_error *error);
void nn_lora_free(nn_lora *lora);

/* Whether the folder is peft's of an adapter: it has adapter_config.json. */
bool nn_lora_is_in(const char *folder, base_error *error);

/* base_model_name_or_path of the folder's adapter_config.json, in heap memory. */
char *nn_lora_base_of(const char *folder, base_error *error);

/* Puts the adapters of the folder on the encoder; with data false names and shapes are checked and
 * nothing is read. BASE_BAD_INPUT where they are another encoder's, and for what peft has beside
 * plain LoRA and rsLoRA. Adapters of the family's pooler, which takes no part, are left out. */
nn_lora *nn_lora_read(nn_encoder *e, const char *folder, bool data, base_error *error);

/* Writes the two files into an existing folder, numbers of this type (NULL: F32). */
bool nn_lora_write(const nn_lora *lora, const char *folder, const nn_dtype *dtype,
                   base_error *error);

/* Adds every adapter to its layer's weights, W += scale B A. Free it afterwards. */
void nn_lora_merge(const nn_lora *lora, nn_params *encoder);

/* x w^T + b (`bias` SIZE_MAX: none) of these tensors of the encoder, and what its adapters add;
 * lora may be NULL. `place`: which linear layer of the pass this is, a key of its dropout. */
tape_node *nn_lora_linear(const nn_lora *lora, tape *t, const tape_layout *layout,
                          nn_params *encoder, tape_node *x, size_t weight, size_t bias,
                          uint32_t place);

#endif
