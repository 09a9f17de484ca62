/* The vector type of the level being compiled, with GNU vector extensions: the same source for
 * every instruction set. VEC lanes of `real`.
 *
 * Loops count in steps of VEC and say how many elements are left: get and put take the whole vector
 * or the part that there is, so that the last elements go through the same arithmetic. */
#ifndef AUTOGRAD_KERNELS_LEVEL_VECTOR_H
#define AUTOGRAD_KERNELS_LEVEL_VECTOR_H

#include "autograd/kernels/kernel.h"

#include <string.h>

#define KERNEL_JOIN_(a, b, c) a##b##_##c
#define KERNEL_JOIN(a, b, c) KERNEL_JOIN_(a, b, c)
/* The exported name of a kernel at this level. */
#define KERNEL_NAME(name) KERNEL_JOIN(kernel_, name, KERNEL_LEVEL)

/* Every kernel file sees its own prototypes. */
#define KERNEL(result, name, arguments) result KERNEL_NAME(name) arguments;
#include "autograd/kernels/kernels.def"
#undef KERNEL

#ifndef KERNEL_BYTES
#define KERNEL_BYTES 16
#endif
enum { VEC = KERNEL_BYTES / sizeof(real) };

/* Integers as wide as a real: results of comparisons, and bits. */
#ifdef REAL_DOUBLE
typedef int64_t lane_int;
typedef uint64_t lane_bits;
#else
typedef int32_t lane_int;
typedef uint32_t lane_bits;
#endif
typedef real vec __attribute__((vector_size(KERNEL_BYTES)));
typedef lane_int ivec __attribute__((vector_size(KERNEL_BYTES)));
typedef lane_bits uvec __attribute__((vector_size(KERNEL_BYTES)));

static inline vec load(const real *x) {
    vec v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline void store(real *x, vec v) {
    memcpy(x, &v, sizeof v);
}

static inline vec broadcast(real x) {
    return x - (vec){0};
}

/* The next elements of x when n are left, missing ones `fill`. */
static inline vec get_or(const real *x, size_t n, real fill) {
    if (n >= VEC)
        return load(x);
    vec v = broadcast(fill);
    memcpy(&v, x, n * sizeof *x);
    return v;
}

static inline vec get(const real *x, size_t n) {
    return get_or(x, n, 0);
}

static inline void put(real *x, size_t n, vec v) {
    if (n >= VEC)
        store(x, v);
    else
        memcpy(x, &v, n * sizeof *x);
}

/* x = v + beta x, without reading x when beta is 0. */
static inline void accumulate(real *x, size_t n, vec v, real beta) {
    put(x, n, beta == 0 ? v : v + beta * get(x, n));
}

/* Lane by lane: a where the mask is all ones, b where it is zero. */
static inline vec choose(ivec mask, vec a, vec b) {
    return (vec)(((ivec)a & mask) | ((ivec)b & ~mask));
}

static inline uvec lane_numbers(void) {
    uvec v;
    for (size_t i = 0; i < VEC; i++)
        v[i] = (lane_bits)i;
    return v;
}

/* v where at least n elements are left, `fill` in the lanes beyond. */
static inline vec only(vec v, size_t n, real fill) {
    return n >= VEC ? v : choose(lane_numbers() < (lane_bits)n, v, broadcast(fill));
}

/* Pairwise sum of the lanes. */
static inline real lanes_sum(vec v) {
    real lane[VEC];
    memcpy(lane, &v, sizeof v);
    for (size_t half = VEC / 2; half; half /= 2)
        for (size_t i = 0; i < half; i++)
            lane[i] += lane[i + half];
    return lane[0];
}

static inline real lanes_max(vec v) {
    real top = v[0];
    for (size_t i = 1; i < VEC; i++)
        top = v[i] > top ? v[i] : top;
    return top;
}

static inline vec larger(vec a, vec b) {
    return choose(a > b, a, b);
}

static inline vec absolute(vec x) {
    return (vec)((uvec)x & ((uvec){0} + ((lane_bits)-1 >> 1)));
}

#endif
