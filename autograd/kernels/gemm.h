/* The one door to the BLAS: C = alpha op(A) op(B) + beta C (+ bias on every row).
 *
 * Row-major. op(A) is [m, k], op(B) is [k, n], C is [m, n]; `ld` are row strides of the stored
 * matrices. beta 0 never reads C. The grid of tiles depends on shapes alone (DESIGN 4), so results
 * do not depend on the number of threads. The small products of attention are kernels of their own
 * (kernels.def, product). */
#ifndef AUTOGRAD_KERNELS_GEMM_H
#define AUTOGRAD_KERNELS_GEMM_H

#include "autograd/real.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct gemm_job {
    size_t m, n, k;
    bool transpose_a, transpose_b;
    real alpha, beta;
    const real *a;
    size_t lda;
    const real *b;
    size_t ldb;
    real *c;
    size_t ldc;
    const real *bias; /* [n] or NULL; needs beta 0 */
} gemm_job;

enum { GEMM_MAX_JOBS = 4 };

/* Runs up to GEMM_MAX_JOBS independent products as one set of tiles on the pool. */
void gemm_run(const gemm_job *jobs, size_t count);

/* One product by the calling thread alone (inside a tile). */
void gemm_serial(const gemm_job *job);

/* Puts the BLAS on one thread; once at start. */
void gemm_start(void);

/* What is behind the door, for the log. The strings are static. */
typedef struct gemm_backend {
    const char *version;   /* "OpenBLAS 0.3.21 ..." */
    const char *core;      /* "Cooperlake" */
    const char *threading; /* "serial", "pthreads", "OpenMP" */
    bool threads_fit;      /* its threads do not get into ours' way: not OpenMP */
    bool below_cpu;        /* its kernels are of an older instruction set than the CPU's */
} gemm_backend;
gemm_backend gemm_describe(void);

#endif
