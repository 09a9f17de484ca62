#include "autograd/kernels/level/vector_mask.h"
#include "autograd/kernels/level/vector_math.h"

/* factor s + bias; lanes beyond n are so small that they vanish. */
static inline vec score(size_t n, real factor, const real *bias, const real *s, size_t i) {
    vec v = factor * load(s + i);
    if (bias)
        v += get(bias + i, n - i);
    return only(v, n - i, REAL(-1e30));
}

void KERNEL_NAME(softmax)(size_t n, real factor, const real *bias, real *s, real *statistics) {
    vec tops = broadcast(REAL(-1e30)), sums = {0};
    for (size_t i = 0; i < n; i += VEC) {
        vec v = score(n, factor, bias, s, i);
        store(s + i, v);
        tops = larger(v, tops);
    }
    real top = lanes_max(tops);
    for (size_t i = 0; i < n; i += VEC) {
        vec e = vector_exp(load(s + i) - top);
        store(s + i, e);
        sums += e;
    }
    real inverse = 1 / lanes_sum(sums);
    for (size_t i = 0; i < n; i += VEC)
        store(s + i, inverse * load(s + i));
    statistics[0] = top;
    statistics[1] = inverse;
}

void KERNEL_NAME(softmax_recompute)(size_t n, real factor, const real *bias, real *s,
                                    const real *statistics) {
    for (size_t i = 0; i < n; i += VEC) {
        vec v = score(n, factor, bias, s, i);
        store(s + i, statistics[1] * vector_exp(v - statistics[0]));
    }
}

void KERNEL_NAME(softmax_backward)(size_t n, kernel_mask mask, real *p, real *dp) {
    vec sums = {0};
    for (size_t i = 0; i < n; i += VEC) {
        vec d = masked(&mask, i, only(load(dp + i), n - i, 0));
        store(dp + i, d);
        sums += load(p + i) * d;
    }
    real sum = lanes_sum(sums);
    for (size_t i = 0; i < n; i += VEC) {
        vec v = load(p + i);
        store(dp + i, v * (load(dp + i) - sum));
        store(p + i, masked(&mask, i, v));
    }
}
