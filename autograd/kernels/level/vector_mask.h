/* Dropout masks: one cheap hash an element. */
#ifndef AUTOGRAD_KERNELS_LEVEL_VECTOR_MASK_H
#define AUTOGRAD_KERNELS_LEVEL_VECTOR_MASK_H

#include "autograd/kernels/level/vector.h"

/* 32-bit draws of elements i, i+1, ... of a row: an element's number, spread out, goes through two
 * rounds of multiply and shift with half of the row's key before each (constants of the 32-bit
 * mixer of C. Wellons, "hash prospector", 2018). */
static inline uvec mask_draws(uint64_t key, size_t i) {
    const lane_bits low = 0xffffffffu, spread = 0x9e3779b9u;
    uvec x = (lane_numbers() * spread + (lane_bits)i * spread + (lane_bits)(uint32_t)key) & low;
    x = ((x ^ x >> 16) * 0x7feb352du) & low;
    x ^= (lane_bits)(key >> 32);
    x = ((x ^ x >> 15) * 0x846ca68bu) & low;
    return x ^ x >> 16;
}

/* Elements i, i+1, ... of a row, dropped or scaled. */
static inline vec masked(const kernel_mask *mask, size_t i, vec x) {
    if (mask->threshold == 0)
        return x;
    ivec keep = mask_draws(mask->key, i) >= (lane_bits)mask->threshold;
    return (vec)((ivec)(mask->scale * x) & keep);
}

#endif
