/* The one door to matrix products: C = alpha op(A) op(B) + beta C (+ bias on every row).
 *
 * Row-major. op(A) is [m, k], op(B) is [k, n], C is [m, n]; strides are those of the stored rows.
 * beta 0 never reads C. Products are cut into tiles that the pool shares out. The small products
 * of attention are kernels of their own (kernels.def, product). */
#ifndef AUTOGRAD_KERNELS_GEMM_H
#define AUTOGRAD_KERNELS_GEMM_H

#include "autograd/param.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct gemm_operand {
    const real *values;
    size_t stride;
    bool transposed; /* op(X) is the transpose of what is stored */
    /* Whose values these are, from the first on; NULL: an activation or a gradient. A back end may
     * keep what it makes of them (converted, packed) until param->version is another one. */
    const tape_param *param;
} gemm_operand;

typedef struct gemm_job {
    size_t m, n, k;
    gemm_operand a, b;
    real alpha, beta;
    real *c;
    size_t c_stride;
    const real *bias; /* [n] or NULL; needs beta 0 */
} gemm_job;

enum { GEMM_MAX_JOBS = 4 };

/* Runs up to GEMM_MAX_JOBS independent products as one set of tiles on the pool. The bits of C do
 * not depend on the number of threads. */
void gemm_run(const gemm_job *jobs, size_t count);

/* One product by the calling thread alone (inside a tile). */
void gemm_serial(const gemm_job *job);

/* Puts the BLAS on one thread; once at start. */
void gemm_start(void);

/* ---- the cut into tiles: for reports and tests ---- */

/* What a cut is made for. */
typedef struct gemm_aim {
    size_t threads;
    size_t least; /* tiles of all products together, as long as they are not too small */
} gemm_aim;

/* The aim of gemm_run with `threads` threads. Where an element's bits are proved not to depend on
 * the grid for the back end at hand, the aim follows the threads; elsewhere it is a constant, so
 * that the grid depends on shapes alone. */
gemm_aim gemm_aim_for(size_t threads);
bool gemm_any_grid(void); /* whether it is proved */

/* Tiles by rows and columns of C. */
typedef struct gemm_grid {
    size_t row_parts, column_parts;
} gemm_grid;

/* The grid of a product that runs at once with `count - 1` others like it. */
gemm_grid gemm_plan(const gemm_job *job, size_t count, gemm_aim aim);

/* Tile 0 .. row_parts * column_parts - 1 of the grid, as a product of its own. */
gemm_job gemm_tile(const gemm_job *job, gemm_grid grid, size_t tile);

/* ---- what is behind the door, for the log; the strings are static ---- */
typedef struct gemm_description {
    const char *version;   /* "OpenBLAS 0.3.21 ..." */
    const char *core;      /* "Cooperlake" */
    const char *threading; /* "serial", "pthreads", "OpenMP" */
    bool threads_fit;      /* its threads do not get into ours' way: not OpenMP */
    const char *better;    /* a core with the CPU's instruction set, which its own lacks; or NULL */
} gemm_description;
gemm_description gemm_describe(void);

#endif
