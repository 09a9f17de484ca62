#include "nn/activation.h"

#include "autograd/ops/ops.h"

#include <string.h>

/* 1 / (1 + e^-x) = tanh(x / 2) / 2 + 1/2 */
static tape_node *sigmoid(tape *t, tape_node *x) {
    return op_affine(t, op_tanh(t, op_scale(t, x, 0.5)), 0.5, 0.5);
}

/* x, or x / 100 below 0 */
static tape_node *leaky_relu(tape *t, tape_node *x) {
    return op_add(t, op_scale(t, op_relu(t, x), 0.99), op_scale(t, x, 0.01));
}

/* max(x - low, 0) - max(x - high, 0) + low */
static tape_node *clamp(tape *t, tape_node *x, double low, double high) {
    tape_node *above = op_relu(t, op_affine(t, x, 1, -low));
    tape_node *beyond = op_affine(t, op_relu(t, op_affine(t, x, 1, -high)), -1, low);
    return op_add(t, above, beyond);
}

static tape_node *relu6(tape *t, tape_node *x) {
    return clamp(t, x, 0, 6);
}

static tape_node *hardtanh(tape *t, tape_node *x) {
    return clamp(t, x, -1, 1);
}

static tape_node *hardsigmoid(tape *t, tape_node *x) {
    return clamp(t, op_affine(t, x, 1.0 / 6, 0.5), 0, 1);
}

static tape_node *hardswish(tape *t, tape_node *x) {
    return op_mul(t, x, hardsigmoid(t, x));
}

static tape_node *tanhshrink(tape *t, tape_node *x) {
    return op_add(t, x, op_scale(t, op_tanh(t, x), -1));
}

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
    [NN_SIGMOID] = {NULL, NULL, "torch.nn.modules.activation.Sigmoid", sigmoid},
    [NN_LEAKY_RELU] = {NULL, NULL, "torch.nn.modules.activation.LeakyReLU", leaky_relu},
    [NN_RELU6] = {NULL, NULL, "torch.nn.modules.activation.ReLU6", relu6},
    [NN_HARDTANH] = {NULL, NULL, "torch.nn.modules.activation.Hardtanh", hardtanh},
    [NN_HARDSIGMOID] = {NULL, NULL, "torch.nn.modules.activation.Hardsigmoid", hardsigmoid},
    [NN_HARDSWISH] = {NULL, NULL, "torch.nn.modules.activation.Hardswish", hardswish},
    [NN_TANHSHRINK] = {NULL, NULL, "torch.nn.modules.activation.Tanhshrink", tanhshrink},
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

const char *nn_activation_classes(void) {
    return "torch.nn.modules.activation.GELU, ReLU, Tanh, SiLU, Sigmoid, LeakyReLU, ReLU6, "
           "Hardtanh, "
           "Hardsigmoid, Hardswish, Tanhshrink, torch.nn.modules.linear.Identity";
}

tape_node *nn_activation_apply(nn_activation activation, tape *t, tape_node *x) {
    return rows[activation].apply ? rows[activation].apply(t, x) : x;
}
