#include "nn/activation.h"

#include "autograd/ops/ops.h"

#include <string.h>

static tape_node *softmin(tape *t, tape_node *x) {
    return op_softmax(t, op_scale(t, x, -1));
}

#define TORCH "torch.nn.modules.activation."

/* PyTorch's GELU() is the exact one; its Softmax() and the like go along the rows of a matrix. */
static const struct row {
    const char *name, *other_name, *torch_class;
    tape_node *(*apply)(tape *t, tape_node *x);
} rows[NN_ACTIVATIONS] = {
    [NN_GELU] = {"gelu", "gelu_python", TORCH "GELU", op_gelu},
    [NN_GELU_TANH] = {"gelu_new", "gelu_pytorch_tanh", NULL, op_gelu_tanh},
    [NN_RELU] = {"relu", NULL, TORCH "ReLU", op_relu},
    [NN_SILU] = {"silu", "swish", TORCH "SiLU", op_silu},
    [NN_TANH] = {"tanh", NULL, TORCH "Tanh", op_tanh},
    [NN_IDENTITY] = {NULL, NULL, "torch.nn.modules.linear.Identity", NULL},
    [NN_SIGMOID] = {NULL, NULL, TORCH "Sigmoid", op_sigmoid},
    [NN_LOG_SIGMOID] = {NULL, NULL, TORCH "LogSigmoid", op_log_sigmoid},
    [NN_SOFTPLUS] = {NULL, NULL, TORCH "Softplus", op_softplus},
    [NN_SOFTSIGN] = {NULL, NULL, TORCH "Softsign", op_softsign},
    [NN_MISH] = {NULL, NULL, TORCH "Mish", op_mish},
    [NN_ELU] = {NULL, NULL, TORCH "ELU", op_elu},
    [NN_CELU] = {NULL, NULL, TORCH "CELU", op_elu}, /* the same at alpha 1 */
    [NN_SELU] = {NULL, NULL, TORCH "SELU", op_selu},
    [NN_LEAKY_RELU] = {NULL, NULL, TORCH "LeakyReLU", op_leaky_relu},
    [NN_RELU6] = {NULL, NULL, TORCH "ReLU6", op_relu6},
    [NN_HARDTANH] = {NULL, NULL, TORCH "Hardtanh", op_hardtanh},
    [NN_HARDSIGMOID] = {NULL, NULL, TORCH "Hardsigmoid", op_hardsigmoid},
    [NN_HARDSWISH] = {NULL, NULL, TORCH "Hardswish", op_hardswish},
    [NN_HARDSHRINK] = {NULL, NULL, TORCH "Hardshrink", op_hardshrink},
    [NN_SOFTSHRINK] = {NULL, NULL, TORCH "Softshrink", op_softshrink},
    [NN_TANHSHRINK] = {NULL, NULL, TORCH "Tanhshrink", op_tanhshrink},
    [NN_SOFTMAX] = {NULL, NULL, TORCH "Softmax", op_softmax},
    [NN_SOFTMIN] = {NULL, NULL, TORCH "Softmin", softmin},
    [NN_LOG_SOFTMAX] = {NULL, NULL, TORCH "LogSoftmax", op_log_softmax},
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

/* "torch.nn.Tanh" is "torch.nn.modules.activation.Tanh". */
static bool is_class(const char *full, const char *name) {
    static const char package[] = "torch.nn.";
    const char *last = full ? strrchr(full, '.') + 1 : NULL;
    return same(full, name) || (last && !strncmp(name, package, sizeof package - 1) &&
                                !strcmp(name + sizeof package - 1, last));
}

bool nn_activation_by_class(const char *torch_class, nn_activation *out) {
    for (nn_activation a = 0; a < NN_ACTIVATIONS; a++)
        if (is_class(rows[a].torch_class, torch_class)) {
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

const char *nn_activation_classes(void) {
    return "torch.nn.modules.linear.Identity or torch.nn.modules.activation.GELU, ReLU, SiLU, "
           "Tanh, Sigmoid, LogSigmoid, Softplus, Softsign, Mish, ELU, CELU, SELU, LeakyReLU, "
           "ReLU6, Hardtanh, Hardsigmoid, Hardswish, Hardshrink, Softshrink, Tanhshrink, Softmax, "
           "Softmin, LogSoftmax";
}

tape_node *nn_activation_apply(nn_activation activation, tape *t, tape_node *x) {
    return rows[activation].apply ? rows[activation].apply(t, x) : x;
}
