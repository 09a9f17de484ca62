#include "nn/activation.h"

#include "autograd/ops/ops.h"

#include <string.h>

/* PyTorch's GELU() is the exact one. */
static const nn_activation activations[] = {
    {"gelu", "torch.nn.modules.activation.GELU", op_gelu},
    {"gelu_python", NULL, op_gelu},
    {"gelu_new", NULL, op_gelu_tanh},
    {"gelu_pytorch_tanh", NULL, op_gelu_tanh},
    {"relu", "torch.nn.modules.activation.ReLU", op_relu},
    {"tanh", "torch.nn.modules.activation.Tanh", op_tanh},
    {"identity", "torch.nn.modules.linear.Identity", NULL},
};

const nn_activation *nn_activation_find(const char *name) {
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        const nn_activation *a = &activations[i];
        if (!strcmp(a->name, name) || (a->torch_name && !strcmp(a->torch_name, name)))
            return a;
    }
    return NULL;
}

const char *nn_activation_names(void) {
    return "gelu, gelu_python, gelu_new, gelu_pytorch_tanh, relu or tanh";
}
