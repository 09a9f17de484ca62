#include "autograd/kernels/level/elementary.h"

#include <math.h>

real KERNEL_NAME(exp_sum)(size_t n, real max, real *x) {
    vec sum = {0};
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        vec e = vec_exp(load(x + i) - max);
        store(x + i, e);
        sum += e;
    }
    if (i < n) {
        store_part(x + i, vec_exp(load_part(x + i, n - i, max) - max), n - i);
        sum += load_part(x + i, n - i, 0);
    }
    return lanes_sum(sum);
}

/* 32 mixed bits of a counter under a 64-bit key: two rounds of multiply and shift, half the key
 * before each (constants of the 32-bit mixer of C. Wellons, "hash prospector", 2018). */
static inline uint32_t draw(uint64_t key, uint32_t counter) {
    uint32_t h = counter * 0x9e3779b9u + (uint32_t)key;
    h = (h ^ (h >> 16)) * 0x7feb352du;
    h ^= (uint32_t)(key >> 32);
    h = (h ^ (h >> 15)) * 0x846ca68bu;
    return h ^ (h >> 16);
}

void KERNEL_NAME(dropout)(size_t n, uint64_t key, uint32_t threshold, real scale, const real *x,
                          real *y) {
    for (size_t i = 0; i < n; i++) {
        real kept = x[i] * scale;
        y[i] = draw(key, (uint32_t)i) >= threshold ? kept : 0;
    }
}

/* Sum of (x - shift)^2 of one row. */
static real squares_around(size_t n, real shift, const real *x) {
    vec a = {0};
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        vec d = load(x + i) - shift;
        a += d * d;
    }
    if (i < n) {
        vec d = load_part(x + i, n - i, shift) - shift;
        a += d * d;
    }
    return lanes_sum(a);
}

real KERNEL_NAME(norm)(size_t n, const real *z, const real *gamma, const real *beta, double epsilon,
                       real *xhat, real *y) {
    real mean = KERNEL_NAME(sum)(n, z) / (real)n;
    double variance = (double)squares_around(n, mean, z) / (double)n;
    real inverse = REAL(1 / sqrt(variance + epsilon));
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        vec h = (load(z + i) - mean) * inverse;
        store(xhat + i, h);
        store(y + i, h * load(gamma + i) + load(beta + i));
    }
    if (i < n) {
        vec h = (load_part(z + i, n - i, 0) - mean) * inverse;
        store_part(xhat + i, h, n - i);
        store_part(y + i, h * load_part(gamma + i, n - i, 0) + load_part(beta + i, n - i, 0),
                   n - i);
    }
    return inverse;
}

void KERNEL_NAME(norm_backward)(size_t n, const real *dy, const real *xhat, const real *gamma,
                                real inverse, real *dz) {
    vec sum = {0}, along = {0};
    size_t i = 0;
    for (; i + VEC <= n; i += VEC) {
        vec g = load(dy + i) * load(gamma + i);
        sum += g;
        along += g * load(xhat + i);
    }
    if (i < n) {
        vec g = load_part(dy + i, n - i, 0) * load_part(gamma + i, n - i, 0);
        sum += g;
        along += g * load_part(xhat + i, n - i, 0);
    }
    real mean = lanes_sum(sum) / (real)n, slope = lanes_sum(along) / (real)n;
    for (i = 0; i + VEC <= n; i += VEC) {
        vec g = load(dy + i) * load(gamma + i);
        store(dz + i, inverse * (g - mean - load(xhat + i) * slope));
    }
    if (i < n) {
        vec g = load_part(dy + i, n - i, 0) * load_part(gamma + i, n - i, 0);
        vec d = inverse * (g - mean - load_part(xhat + i, n - i, 0) * slope);
        store_part(dz + i, d, n - i);
    }
}

void KERNEL_NAME(add_both)(size_t n, const real *x, const real *y, real *sum_x, real *sum_xy) {
    for (size_t i = 0; i < n; i++) {
        sum_x[i] += x[i];
        sum_xy[i] += x[i] * y[i];
    }
}

void KERNEL_NAME(softmax_backward)(size_t n, const real *p, const real *dp, real scale, real *ds) {
    real along = KERNEL_NAME(dot)(n, p, dp);
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        store(ds + i, load(p + i) * (load(dp + i) - along) * scale);
    if (i < n) {
        vec d = load_part(p + i, n - i, 0) * (load_part(dp + i, n - i, 0) - along) * scale;
        store_part(ds + i, d, n - i);
    }
}
