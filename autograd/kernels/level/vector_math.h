/* Transcendental functions of vectors. In float by polynomials, fitted to the least largest
 * relative error, with an error of a few units in the last place; in double lane by lane through
 * libm. */
#ifndef AUTOGRAD_KERNELS_LEVEL_VECTOR_MATH_H
#define AUTOGRAD_KERNELS_LEVEL_VECTOR_MATH_H

#include "autograd/kernels/level/vector.h"

#include <math.h>

#define INVERSE_SQRT_2PI 0.39894228040143267794

#ifdef REAL_DOUBLE

static inline vec vector_exp(vec x) {
    for (size_t i = 0; i < VEC; i++)
        x[i] = exp(x[i]);
    return x;
}

static inline vec vector_tanh(vec x) {
    for (size_t i = 0; i < VEC; i++)
        x[i] = tanh(x[i]);
    return x;
}

/* P(N <= -a) for a >= 0 and N standard normal; e is exp(-a^2 / 2). */
static inline vec normal_tail(vec a, vec e) {
    (void)e;
    for (size_t i = 0; i < VEC; i++)
        a[i] = 0.5 * erfc(a[i] * 0.70710678118654752440);
    return a;
}

static inline vec vector_sqrt(vec x) {
    for (size_t i = 0; i < VEC; i++)
        x[i] = sqrt(x[i]);
    return x;
}

#else

/* e^x = 2^n e^r, |r| <= ln 2 / 2; 0 below the normal numbers, and x over 88 counts as 88. */
static inline vec vector_exp(vec x) {
    const float shift = 0x1.8p23F;
    vec top = broadcast(88), v = choose(x > top, top, x);
    vec n = v * 1.44269502F + shift;
    uvec exponent = (uvec)n;
    n -= shift;
    vec r = v - n * 0.693145752F;
    r -= n * 1.42860677e-06F;
    vec q = 0.00836959854F + r * 0.00139517197F;
    q = 0.0416661873F + r * q;
    q = 0.166665122F + r * q;
    q = 0.5F + r * q;
    vec y = 1 + (r + r * r * q);
    y = (vec)((uvec)y + (exponent << 23));
    return (vec)((ivec)y & ~(x <= -87.33654F));
}

/* An odd polynomial near 0, elsewhere 1 - 2 / (e^2|x| + 1). */
static inline vec vector_tanh(vec x) {
    vec a = absolute(x), s = x * x;
    vec p = 0.0206180625F + s * -0.00567923347F;
    p = -0.0537339821F + s * p;
    p = 0.133313835F + s * p;
    p = -0.333332807F + s * p;
    vec near = x + x * (s * p), far = 1 - 2 / (vector_exp(2 * a) + 1);
    ivec sign = (ivec)x & INT32_MIN;
    return choose(a < 0.6F, near, (vec)((ivec)far | sign));
}

/* P(N <= -a) for a >= 0 and N standard normal; e is exp(-a^2 / 2). The quotient of the two, a
 * scaled erfcx, is smooth down to 0: a polynomial in u = 1 / (1 + 0.35 a). */
static inline vec normal_tail(vec a, vec e) {
    vec u = 1 / (1 + 0.35F * a);
    vec p = 0.144028872F + u * -0.0291574262F;
    p = -0.255835176F + u * p;
    p = 0.15931578F + u * p;
    p = -0.0232099444F + u * p;
    p = 0.1055516F + u * p;
    p = 0.119821489F + u * p;
    p = 0.139863491F + u * p;
    p = 0.139621302F + u * p;
    return e * (u * p);
}

static inline vec vector_sqrt(vec x) {
    for (size_t i = 0; i < VEC; i++)
        x[i] = __builtin_sqrtf(x[i]);
    return x;
}

#endif

#endif
