#include "autograd/kernels/gemm.h"

#include "base/cpu.h"
#include "base/threads.h"

#include <cblas.h>
#include <stdint.h>
#include <string.h>

/* Products are cut into a power of two of nearly equal tiles, so that 2 and 4 threads finish
 * together: ENOUGH of them for all products that run at once, where that leaves each
 * MIN_TILE_PRODUCT multiplications (below, OpenBLAS's small-matrix kernels give other bits and are
 * slower), more only while a tile multiplies each number that it reads and packs MIN_REUSE times or
 * more: each tile packs its own copy of both factors, about a tenth of its time. Edges of tiles are
 * multiples of ALIGN_ROWS and ALIGN_COLUMNS, where the BLAS's register blocks end. */
enum {
    ENOUGH = 4,
    MOST = 64,
    MIN_TILE_PRODUCT = 2000000,
    MIN_REUSE = 256,
    ALIGN_ROWS = 12,
    ALIGN_COLUMNS = 16
};

typedef struct grid {
    const gemm_job *job;
    size_t row_parts, column_parts, first_tile;
} grid;

typedef struct product {
    grid grid[GEMM_MAX_JOBS];
    size_t jobs;
} product;

/* Part i of n in `parts`: whole multiples of `align`, the last one takes the rest. */
static void part_of(size_t n, size_t parts, size_t align, size_t i, size_t *begin, size_t *size) {
    size_t units = (n + align - 1) / align, end = units * (i + 1) / parts * align;
    *begin = units * i / parts * align;
    *size = (end < n ? end : n) - *begin;
}

static void multiply(const gemm_job *j) {
    CBLAS_TRANSPOSE ta = j->transpose_a ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE tb = j->transpose_b ? CblasTrans : CblasNoTrans;
#ifdef REAL_DOUBLE
    cblas_dgemm(
#else
    cblas_sgemm(
#endif
        CblasRowMajor, ta, tb, (blasint)j->m, (blasint)j->n, (blasint)j->k, j->alpha, j->a,
        (blasint)j->lda, j->b, (blasint)j->ldb, j->beta, j->c, (blasint)j->ldc);
}

void gemm_serial(const gemm_job *job) {
    if (job->m == 0 || job->n == 0)
        return;
    gemm_job j = *job;
    if (j.bias) {
        for (size_t r = 0; r < j.m; r++)
            memcpy(j.c + r * j.ldc, j.bias, j.n * sizeof *j.c);
        j.beta = 1;
    }
    multiply(&j);
}

static void run_tile(void *context, size_t tile) {
    const product *p = context;
    size_t g = p->jobs - 1;
    while (p->grid[g].first_tile > tile)
        g--;
    const grid *in = &p->grid[g];
    size_t i = tile - in->first_tile, row, column;
    gemm_job j = *in->job;
    part_of(j.m, in->row_parts, ALIGN_ROWS, i / in->column_parts, &row, &j.m);
    part_of(j.n, in->column_parts, ALIGN_COLUMNS, i % in->column_parts, &column, &j.n);
    j.a += j.transpose_a ? row : row * j.lda;
    j.b += j.transpose_b ? column * j.ldb : column;
    j.c += row * j.ldc + column;
    j.bias = j.bias ? j.bias + column : NULL;
    gemm_serial(&j);
}

/* Sets the cut into `tiles` with the shortest edges, among those that leave no tile empty: a tile
 * reads its rows of A and columns of B. False when there is none. */
static bool cut(grid *g, size_t tiles) {
    size_t best = SIZE_MAX, m = g->job->m, n = g->job->n;
    for (size_t columns = 1; columns <= tiles; columns *= 2) {
        size_t rows = tiles / columns, edges = m / rows + n / columns;
        if (rows > (m + ALIGN_ROWS - 1) / ALIGN_ROWS ||
            columns > (n + ALIGN_COLUMNS - 1) / ALIGN_COLUMNS || edges >= best)
            continue;
        best = edges;
        g->row_parts = rows;
        g->column_parts = columns;
    }
    return best < SIZE_MAX;
}

static bool worth_it(const grid *g, size_t enough) {
    double rows = (double)g->job->m / (double)g->row_parts;
    double columns = (double)g->job->n / (double)g->column_parts;
    if (rows * columns * (double)g->job->k < MIN_TILE_PRODUCT)
        return false;
    return g->row_parts * g->column_parts <= enough ||
           rows * columns >= MIN_REUSE * (rows + columns);
}

static grid plan(const gemm_job *job, size_t enough, size_t first_tile) {
    grid best = {job, 1, 1, first_tile}, next = best;
    for (size_t tiles = 2; tiles <= MOST && cut(&next, tiles) && worth_it(&next, enough);
         tiles *= 2)
        best = next;
    return best;
}

void gemm_run(const gemm_job *jobs, size_t count) {
    product p = {.jobs = count};
    size_t tiles = 0;
    for (size_t i = 0; i < count; i++) {
        p.grid[i] = plan(&jobs[i], ENOUGH / count, tiles);
        tiles += p.grid[i].row_parts * p.grid[i].column_parts;
    }
    base_threads_run(tiles, run_tile, &p);
}

void gemm_start(void) {
    openblas_set_num_threads(1);
}

/* OpenBLAS's cores by instruction set; what is not named here is older than AVX2. */
static base_cpu_level core_level(const char *core) {
    static const char *const avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    static const char *const avx2[] = {"Haswell", "Zen"};
    for (size_t i = 0; i < sizeof avx512 / sizeof *avx512; i++)
        if (!strcmp(core, avx512[i]))
            return BASE_CPU_AVX512;
    for (size_t i = 0; i < sizeof avx2 / sizeof *avx2; i++)
        if (!strcmp(core, avx2[i]))
            return BASE_CPU_AVX2;
    return BASE_CPU_BASELINE;
}

gemm_backend gemm_describe(void) {
    static const char *const parallel[] = {"serial", "pthreads", "OpenMP"};
    int kind = openblas_get_parallel();
    bool known = kind >= 0 && kind < 3;
    const char *core = openblas_get_corename();
    return (gemm_backend){.version = openblas_get_config(),
                          .core = core,
                          .threading = known ? parallel[kind] : "unknown",
                          .threads_fit = kind == 0 || kind == 1,
                          .below_cpu = core_level(core) < base_cpu_best()};
}
