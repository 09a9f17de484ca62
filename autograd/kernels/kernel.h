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
