#include "autograd/kernels/level/elementary.h"

/* Each activation is y = NAME_value(x) and its slope NAME_slope(x); the loops are one macro. */
static const real root_2_over_pi = REAL(0.79788456080286535588);
static const real one_over_root_2_pi = REAL(0.39894228040143267794);
static const real cubic = REAL(0.044715);

static inline vec gelu_value(vec x) {
    vec bell;
    return x * vec_normal(x, &bell);
}

static inline vec gelu_slope(vec x) {
    vec bell, cdf = vec_normal(x, &bell);
    return cdf + x * bell * one_over_root_2_pi;
}

static inline vec gelu_tanh_value(vec x) {
    return REAL(0.5) * x * (1 + vec_tanh(root_2_over_pi * (x + cubic * x * x * x)));
}

static inline vec gelu_tanh_slope(vec x) {
    vec t = vec_tanh(root_2_over_pi * (x + cubic * x * x * x));
    vec inner = root_2_over_pi * (1 + 3 * cubic * x * x);
    return REAL(0.5) * (1 + t) + REAL(0.5) * x * (1 - t * t) * inner;
}

static inline vec relu_value(vec x) {
    return SELECT(x > broadcast(0), x, broadcast(0));
}

static inline vec relu_slope(vec x) {
    return SELECT(x > broadcast(0), broadcast(1), broadcast(0));
}

static inline vec tanh_value(vec x) {
    return vec_tanh(x);
}

static inline vec tanh_slope(vec x) {
    vec y = vec_tanh(x);
    return 1 - y * y;
}

#define ACTIVATION(name)                                                                           \
    void KERNEL_NAME(name)(size_t n, const real *x, real *y) {                                     \
        size_t i = 0;                                                                              \
        for (; i + VEC <= n; i += VEC)                                                             \
            store(y + i, name##_value(load(x + i)));                                               \
        if (i < n)                                                                                 \
            store_part(y + i, name##_value(load_part(x + i, n - i, 0)), n - i);                    \
    }                                                                                              \
                                                                                                   \
    void KERNEL_NAME(name##_backward)(size_t n, const real *x, const real *dy, real *dx,           \
                                      bool accumulate) {                                           \
        size_t i = 0;                                                                              \
        for (; i + VEC <= n; i += VEC) {                                                           \
            vec d = load(dy + i) * name##_slope(load(x + i));                                      \
            store(dx + i, accumulate ? d + load(dx + i) : d);                                      \
        }                                                                                          \
        if (i < n) {                                                                               \
            vec d = load_part(dy + i, n - i, 0) * name##_slope(load_part(x + i, n - i, 0));        \
            store_part(dx + i, accumulate ? d + load_part(dx + i, n - i, 0) : d, n - i);           \
        }                                                                                          \
    }

ACTIVATION(gelu)
ACTIVATION(gelu_tanh)
ACTIVATION(relu)
ACTIVATION(tanh)
