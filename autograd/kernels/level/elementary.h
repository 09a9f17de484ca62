/* exp, the normal distribution and tanh by vector. In float: polynomials fitted by weighted least
 * squares to minimax error (below 1e-7 relative); in double: libm, lane by lane. */
#ifndef AUTOGRAD_KERNELS_LEVEL_ELEMENTARY_H
#define AUTOGRAD_KERNELS_LEVEL_ELEMENTARY_H

#include "autograd/kernels/level/vector.h"

/* lanes of condition ? a : b, condition a comparison of vecs */
#define SELECT(condition, a, b) ((vec)(((ivec)(a) & (condition)) | ((ivec)(b) & ~(condition))))

#ifdef REAL_DOUBLE

#include <math.h>

typedef int64_t ivec __attribute__((vector_size(KERNEL_BYTES)));

#define EACH_LANE(function, v)                                                                     \
    do {                                                                                           \
        real lane[VEC];                                                                            \
        store(lane, v);                                                                            \
        for (size_t i = 0; i < VEC; i++)                                                           \
            lane[i] = function(lane[i]);                                                           \
        v = load(lane);                                                                            \
    } while (0)

static inline real normal_cdf(real x) {
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

static inline vec vec_exp(vec x) {
    EACH_LANE(exp, x);
    return x;
}

static inline vec vec_tanh(vec x) {
    EACH_LANE(tanh, x);
    return x;
}

/* Phi(x); *bell is exp(-x^2 / 2). */
static inline vec vec_normal(vec x, vec *bell) {
    *bell = vec_exp(x * x * -0.5);
    EACH_LANE(normal_cdf, x);
    return x;
}

#else

typedef int32_t ivec __attribute__((vector_size(KERNEL_BYTES)));

static inline vec vec_clamp(vec x, real low, real high) {
    vec l = broadcast(low), h = broadcast(high);
    x = SELECT(x < l, l, x);
    return SELECT(x > h, h, x);
}

/* 2^n e^r with |r| <= ln2 / 2; results below the normal range are 0, NaN stays NaN. */
static inline vec vec_exp(vec x) {
    const real round = 12582912.0F; /* 1.5 * 2^23: adding it leaves the nearest integer */
    vec c = vec_clamp(x, -104.0F, 88.72F);
    vec shifted = c * 1.44269504F + round;
    vec n = shifted - round;
    vec r = c - n * 0.693359375F;
    r = r + n * 2.12194440e-4F;
    vec p = broadcast(0.0013814558F);
    p = p * r + 0.0083687361F;
    p = p * r + 0.041668389F;
    p = p * r + 0.16666521F;
    p = p * r + 0.49999994F;
    p = p * r * r + r + 1.0F;
    /* Two factors of about 2^(n/2): n reaches 128, one exponent does not. */
    ivec whole = (ivec)shifted - (ivec)broadcast(round), half = whole >> 1;
    vec a = (vec)((half + 127) << 23), b = (vec)((whole - half + 127) << 23);
    vec y = p * a * b;
    y = SELECT(x < broadcast(-87.33F), broadcast(0), y);
    return SELECT(x == x, y, x);
}

static inline vec vec_abs(vec x) {
    return (vec)((ivec)x & 0x7fffffff);
}

static inline vec vec_tanh(vec x) {
    vec a = vec_abs(x), s = x * x;
    vec p = broadcast(-0.0060453978F);
    p = p * s + 0.020961516F;
    p = p * s - 0.053843312F;
    p = p * s + 0.13332719F;
    p = p * s - 0.33333328F;
    vec near_zero = p * s * x + x;
    vec e = vec_exp(a * -2.0F);
    vec far = (1.0F - e) / (1.0F + e);
    far = SELECT(x < broadcast(0), -far, far);
    return SELECT(a < broadcast(0.63F), near_zero, far);
}

/* Phi(x); *bell is exp(-x^2 / 2). erfc(z) = exp(-z^2) t P(t), t = 1 / (1 + 0.3 z), z = |x| / sqrt 2
 * (the form of Abramowitz & Stegun 7.1.26; P fitted anew, degree 8, error 2e-8). */
static inline vec vec_normal(vec x, vec *bell) {
    vec t = 1.0F / (1.0F + vec_abs(x) * 0.21213203F);
    vec p = broadcast(-0.12943430F);
    p = p * t + 0.4850975F;
    p = p * t - 0.51122856F;
    p = p * t + 0.54639745F;
    p = p * t - 0.0936329F;
    p = p * t + 0.21443696F;
    p = p * t + 0.14848226F;
    p = p * t + 0.17069195F;
    p = p * t + 0.16918962F;
    *bell = vec_exp(x * x * -0.5F);
    vec tail = *bell * t * p * 0.5F;
    return SELECT(x > broadcast(0), 1.0F - tail, tail);
}

#endif

#endif
