/* Vector loops, one table a level (baseline, avx2, avx512; portable C elsewhere).
 *
 * kernels.def lists them: KERNEL(result, name, (arguments)). level/ has their sources, compiled
 * once a level with GNU vector extensions; the manual of each stands in kernels.def. */
#ifndef AUTOGRAD_KERNELS_KERNEL_H
#define AUTOGRAD_KERNELS_KERNEL_H

#include "autograd/real.h"
#include "base/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Buffers whose rows a kernel may touch beyond n have row lengths that are multiples of this: one
 * vector of the widest level. */
enum { KERNEL_PAD = 64 / sizeof(real) };

/* Dropout of one row: element i is kept, and multiplied by scale, when the 32-bit draw of (key, i)
 * is at least threshold; threshold 0 keeps all. The draws are the same at every level and in
 * float and double. */
typedef struct kernel_mask {
    uint64_t key;
    uint32_t threshold;
    real scale;
} kernel_mask;

/* The numbers of one AdamW update; see adamw in kernels.def. */
typedef struct kernel_adamw {
    real take1, beta2, take2, epsilon; /* take: 1 - beta, rounded once */
    real shrink;                       /* rate * decay */
    real step, root, clip;
} kernel_adamw;

typedef struct kernel_table {
    const char *level;
#define KERNEL(result, name, arguments) result(*name) arguments;
#include "autograd/kernels/kernels.def"
#undef KERNEL
} kernel_table;

/* The table of a level; NULL when this build does not have it. */
const kernel_table *kernel_at(base_cpu_level level);

/* The best one for this machine (base_cpu_best). */
const kernel_table *kernel_best(void);

#endif
