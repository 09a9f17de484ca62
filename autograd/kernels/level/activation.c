#include "autograd/kernels/level/vector_math.h"

/* P(N <= x), and e = exp(-x^2 / 2) on the way. */
static inline vec normal_below(vec x, vec *e) {
    *e = vector_exp(REAL(-0.5) * x * x);
    vec tail = normal_tail(absolute(x), *e);
    return choose(x < 0, tail, 1 - tail);
}

void KERNEL_NAME(gelu)(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC) {
        vec e, v = get(x + i, n - i);
        put(y + i, n - i, v * normal_below(v, &e));
    }
}

void KERNEL_NAME(gelu_backward)(size_t n, const real *x, const real *dy, real beta, real *dx) {
    for (size_t i = 0; i < n; i += VEC) {
        vec e, v = get(x + i, n - i), below = normal_below(v, &e);
        vec slope = below + v * (REAL(INVERSE_SQRT_2PI) * e);
        accumulate(dx + i, n - i, slope * get(dy + i, n - i), beta);
    }
}

#define GELU_CUBIC REAL(0.044715)
#define SQRT_2_OVER_PI REAL(0.79788456080286535588)

static inline vec gelu_curve(vec x) {
    return vector_tanh(SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x));
}

void KERNEL_NAME(gelu_tanh)(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC) {
        vec v = get(x + i, n - i);
        put(y + i, n - i, REAL(0.5) * v * (1 + gelu_curve(v)));
    }
}

void KERNEL_NAME(gelu_tanh_backward)(size_t n, const real *x, const real *dy, real beta, real *dx) {
    for (size_t i = 0; i < n; i += VEC) {
        vec v = get(x + i, n - i), curve = gelu_curve(v);
        vec inner = SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * v * v);
        vec slope = REAL(0.5) * (1 + curve + v * (1 - curve * curve) * inner);
        accumulate(dx + i, n - i, slope * get(dy + i, n - i), beta);
    }
}

void KERNEL_NAME(relu)(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC) {
        vec v = get(x + i, n - i);
        put(y + i, n - i, choose(v <= 0, (vec){0}, v));
    }
}

void KERNEL_NAME(relu_backward)(size_t n, const real *x, const real *dy, real beta, real *dx) {
    for (size_t i = 0; i < n; i += VEC)
        accumulate(dx + i, n - i, choose(get(x + i, n - i) > 0, get(dy + i, n - i), (vec){0}),
                   beta);
}

/* 1 / (1 + exp(-x)) */
static inline vec logistic(vec x) {
    vec e = vector_exp(-absolute(x));
    return choose(x < 0, e, (vec){0} + 1) / (1 + e);
}

void KERNEL_NAME(silu)(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC) {
        vec v = get(x + i, n - i);
        put(y + i, n - i, v * logistic(v));
    }
}

void KERNEL_NAME(silu_backward)(size_t n, const real *x, const real *dy, real beta, real *dx) {
    for (size_t i = 0; i < n; i += VEC) {
        vec v = get(x + i, n - i), share = logistic(v);
        vec slope = share * (1 + v * (1 - share));
        accumulate(dx + i, n - i, slope * get(dy + i, n - i), beta);
    }
}

void KERNEL_NAME(tanh)(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC)
        put(y + i, n - i, vector_tanh(get(x + i, n - i)));
}

void KERNEL_NAME(tanh_backward)(size_t n, const real *x, const real *dy, real beta, real *dx) {
    for (size_t i = 0; i < n; i += VEC) {
        vec y = vector_tanh(get(x + i, n - i));
        accumulate(dx + i, n - i, (1 - y * y) * get(dy + i, n - i), beta);
    }
}
