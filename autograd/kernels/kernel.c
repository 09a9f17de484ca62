#include "autograd/kernels/kernel.h"

#define KERNEL(result, name, arguments)                                                            \
    result kernel_##name##_baseline arguments;                                                     \
    result kernel_##name##_avx2 arguments;                                                         \
    result kernel_##name##_avx512 arguments;
#include "autograd/kernels/kernels.def"
#undef KERNEL

static const kernel_table baseline = {
    .level = "baseline",
#define KERNEL(result, name, arguments) .name = kernel_##name##_baseline,
#include "autograd/kernels/kernels.def"
#undef KERNEL
};

#ifndef SBERT_PORTABLE
static const kernel_table avx2 = {
    .level = "avx2",
#define KERNEL(result, name, arguments) .name = kernel_##name##_avx2,
#include "autograd/kernels/kernels.def"
#undef KERNEL
};

static const kernel_table avx512 = {
    .level = "avx512",
#define KERNEL(result, name, arguments) .name = kernel_##name##_avx512,
#include "autograd/kernels/kernels.def"
#undef KERNEL
};
#endif

const kernel_table *kernel_at(base_cpu_level level) {
#ifndef SBERT_PORTABLE
    if (level == BASE_CPU_AVX512)
        return &avx512;
    if (level == BASE_CPU_AVX2)
        return &avx2;
#endif
    return level == BASE_CPU_BASELINE ? &baseline : 0;
}

const kernel_table *kernel_best(void) {
    const kernel_table *best = kernel_at(base_cpu_best());
    return best ? best : &baseline;
}
