#include "nn/activation.h"

#include "autograd/ops/ops.h"

#include <string.h>

/* PyTorch's GELU() is the exact one. */
static const struct row {
    const char *name, *other_name, *torch_class;
    tape_node *(*apply)(tape *t, tape_node *x);
} rows[NN_ACTIVATIONS] = {
    [NN_GELU] = {"gelu", "gelu_python", "torch.nn.modules.activation.GELU", op_gelu},
    [NN_GELU_TANH] = {"gelu_new", "gelu_pytorch_tanh", NULL, op_gelu_tanh},
    [NN_RELU] = {"relu", NULL, "torch.nn.modules.activation.ReLU", op_relu},
    [NN_SILU] = {"silu", "swish", "torch.nn.modules.activation.SiLU", op_silu},
    [NN_TANH] = {"tanh", NULL, "torch.nn.modules.activation.Tanh", op_tanh},
    [NN_IDENTITY] = {NULL, NULL, "torch.nn.modules.linear.Identity", NULL},
};

static bool same(const char *a, const char *b) {
    return a && !strcmp(a, b);
}

bool nn_activation_by_name(const char *name, nn_activation *out) {
    for (nn_activation a = 0; a < NN_ACTIVATIONS; a++)
        if (same(rows[a].name, name) || same(rows[a].other_name, name)) {
            *out = a;
            return true;
        }
    return false;
}

bool nn_activation_by_class(const char *torch_class, nn_activation *out) {
    for (nn_activation a = 0; a < NN_ACTIVATIONS; a++)
        if (same(rows[a].torch_class, torch_class)) {
            *out = a;
            return true;
        }
    return false;
}

const char *nn_activation_name(nn_activation activation) {
    return rows[activation].name;
}

const char *nn_activation_class(nn_activation activation) {
    return rows[activation].torch_class;
}

const char *nn_activation_names(void) {
    return "gelu, gelu_python, gelu_new, gelu_pytorch_tanh, relu, silu, swish or tanh";
}

tape_node *nn_activation_apply(nn_activation activation, tape *t, tape_node *x) {
    return rows[activation].apply ? rows[activation].apply(t, x) : x;
}
