/* Activation functions, by the names that files use. */
#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H

#include "autograd/tape.h"

typedef enum nn_activation {
    NN_GELU,
    NN_GELU_TANH, /* the tanh approximation of it */
    NN_RELU,
    NN_SILU,
    NN_TANH,
    NN_IDENTITY,
    /* those below in a Dense module alone */
    NN_SIGMOID,
    NN_LOG_SIGMOID,
    NN_SOFTPLUS,
    NN_SOFTSIGN,
    NN_MISH,
    NN_ELU,
    NN_CELU,
    NN_SELU,
    NN_LEAKY_RELU,
    NN_RELU6,
    NN_HARDTANH,
    NN_HARDSIGMOID,
    NN_HARDSWISH,
    NN_HARDSHRINK,
    NN_SOFTSHRINK,
    NN_TANHSHRINK,
    NN_SOFTMAX,
    NN_SOFTMIN,
    NN_LOG_SOFTMAX,
    NN_ACTIVATIONS
} nn_activation;

/* By hidden_act of a config.json: "gelu", "gelu_new", ... False when unknown. */
bool nn_activation_by_name(const char *name, nn_activation *out);

/* By the class that sentence-transformers writes: "torch.nn.modules.activation.Tanh", ..., also as
 * "torch.nn.Tanh". */
bool nn_activation_by_class(const char *torch_class, nn_activation *out);

/* Its usual name, and its class (NULL: it has none). */
const char *nn_activation_name(nn_activation activation);
const char *nn_activation_class(nn_activation activation);

/* All names of hidden_act, for messages: "gelu, gelu_new, ...". */
const char *nn_activation_names(void);

/* All classes, for messages. */
const char *nn_activation_classes(void);

/* y = activation(x); the identity gives x itself. */
tape_node *nn_activation_apply(nn_activation activation, tape *t, tape_node *x);

#endif
