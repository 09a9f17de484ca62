/* What a back end of the door (gemm.h) is: one file gemm_NAME.c and one line in gemm_backends.def.
 * The first line's is used. */
#ifndef AUTOGRAD_KERNELS_GEMM_BACKEND_H
#define AUTOGRAD_KERNELS_GEMM_BACKEND_H

#include "autograd/kernels/gemm.h"

typedef struct gemm_backend {
    const char *name;
    /* Once, before the first product. */
    void (*start)(void);
    /* A product without bias on the calling thread, m and n at least 1. */
    void (*multiply)(const gemm_job *job);
    /* Whether an element's bits are proved not to depend on the grid (of tiles that gemm_plan
     * makes); cheap, from any thread. */
    bool (*any_grid)(void);
    gemm_description (*describe)(void);
} gemm_backend;

#define GEMM_BACKEND(name) extern const gemm_backend gemm_##name;
#include "autograd/kernels/gemm_backends.def"
#undef GEMM_BACKEND

#endif
