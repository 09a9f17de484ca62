/* The vector type of the level being compiled, with GNU vector extensions: the same source for
 * every instruction set. VEC lanes of `real`; a partial vector goes through load_part/store_part.
 */
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

typedef real vec __attribute__((vector_size(KERNEL_BYTES)));

static inline vec load(const real *x) {
    vec v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline void store(real *x, vec v) {
    memcpy(x, &v, sizeof v);
}

/* The first n < VEC lanes; the others are `fill`. */
static inline vec load_part(const real *x, size_t n, real fill) {
    vec v = fill - (vec){0};
    memcpy(&v, x, n * sizeof *x);
    return v;
}

static inline void store_part(real *x, vec v, size_t n) {
    memcpy(x, &v, n * sizeof *x);
}

static inline vec broadcast(real x) {
    return x - (vec){0};
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

#endif
