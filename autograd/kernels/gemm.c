#include "autograd/kernels/gemm.h"

#include "autograd/kernels/gemm_backend.h"
#include "base/threads.h"

#include <stdint.h>
#include <string.h>

/* Every tile has at least MIN_TILE_PRODUCT multiplications: below, OpenBLAS's small-matrix kernels
 * give other bits and are slower. Edges of tiles are multiples of ALIGN_ROWS and ALIGN_COLUMNS,
 * where the BLAS's register blocks end. Each tile packs its own copy of both factors: this costs as
 * much as PACKING more rows and columns of C (fitted to 4, 16, 32 and 64 tiles at batch 16 and 64).
 * Two tiles a thread, so that one whose core is busy takes fewer; where the grid must not follow
 * the threads it is made for ENOUGH of them, a tile each. */
enum {
    MIN_TILE_PRODUCT = 2000000,
    ALIGN_ROWS = 12,
    ALIGN_COLUMNS = 16,
    PACKING = 6,
    MOST_THREADS = 64,
    ENOUGH = 16
};

static const gemm_backend *const backends[] = {
#define GEMM_BACKEND(name) &gemm_##name,
#include "autograd/kernels/gemm_backends.def"
#undef GEMM_BACKEND
};

typedef struct product {
    const gemm_job *job[GEMM_MAX_JOBS];
    gemm_grid grid[GEMM_MAX_JOBS];
    size_t first_tile[GEMM_MAX_JOBS], jobs;
} product;

/* ---- the cut ---- */

static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}

/* Part i of n in `parts`: whole multiples of `align`, the last one takes the rest. */
static void part_of(size_t n, size_t parts, size_t align, size_t i, size_t *begin, size_t *size) {
    size_t units = divide_up(n, align), end = units * (i + 1) / parts * align;
    *begin = units * i / parts * align;
    *size = (end < n ? end : n) - *begin;
}

gemm_aim gemm_aim_for(size_t threads) {
    if (!gemm_any_grid())
        return (gemm_aim){ENOUGH, ENOUGH};
    threads = threads < MOST_THREADS ? threads : MOST_THREADS;
    return (gemm_aim){threads, threads > 1 ? 2 * threads : 1};
}

/* Time of the thread that has most to do, in elements of C. */
static double makespan(const gemm_job *job, gemm_grid g, size_t count, size_t threads) {
    size_t rounds = divide_up(count * g.row_parts * g.column_parts, threads);
    size_t rows = divide_up(divide_up(job->m, ALIGN_ROWS), g.row_parts) * ALIGN_ROWS;
    size_t columns = divide_up(divide_up(job->n, ALIGN_COLUMNS), g.column_parts) * ALIGN_COLUMNS;
    rows = rows < job->m ? rows : job->m;
    columns = columns < job->n ? columns : job->n;
    return (double)rounds * (double)(rows + PACKING) * (double)(columns + PACKING);
}

/* Of n in `parts`, the smallest one. */
static size_t smallest_part(size_t n, size_t parts, size_t align) {
    size_t least = divide_up(n, align) / parts * align, begin, last;
    part_of(n, parts, align, parts - 1, &begin, &last);
    return last < least ? last : least;
}

static bool large_enough(const gemm_job *job, gemm_grid g) {
    double rows = (double)smallest_part(job->m, g.row_parts, ALIGN_ROWS);
    double columns = (double)smallest_part(job->n, g.column_parts, ALIGN_COLUMNS);
    return rows * columns * (double)job->k >= MIN_TILE_PRODUCT;
}

/* The shortest makespan of the grids whose tiles are large enough and at least `least`; where there
 * are none, of those with the most tiles. */
gemm_grid gemm_plan(const gemm_job *job, size_t count, gemm_aim aim) {
    size_t least = divide_up(aim.least, count), best_tiles = 1;
    size_t most = count > 1 ? least : 2 * least; /* like products must agree on their number */
    gemm_grid best = {1, 1};
    double shortest = makespan(job, best, count, aim.threads);
    for (size_t rows = 1; rows <= most && rows <= divide_up(job->m, ALIGN_ROWS); rows++)
        for (size_t columns = 1;
             rows * columns <= most && columns <= divide_up(job->n, ALIGN_COLUMNS); columns++) {
            gemm_grid g = {rows, columns};
            if (!large_enough(job, g))
                break;
            size_t tiles = rows * columns < least ? rows * columns : least;
            double time = makespan(job, g, count, aim.threads);
            if (tiles < best_tiles || (tiles == best_tiles && time >= shortest))
                continue;
            best_tiles = tiles;
            shortest = time;
            best = g;
        }
    return best;
}

gemm_job gemm_tile(const gemm_job *job, gemm_grid grid, size_t tile) {
    gemm_job j = *job;
    size_t row, column;
    part_of(job->m, grid.row_parts, ALIGN_ROWS, tile / grid.column_parts, &row, &j.m);
    part_of(job->n, grid.column_parts, ALIGN_COLUMNS, tile % grid.column_parts, &column, &j.n);
    j.a.values += j.a.transposed ? row : row * j.a.stride;
    j.b.values += j.b.transposed ? column * j.b.stride : column;
    j.c += row * j.c_stride + column;
    j.bias = j.bias ? j.bias + column : NULL;
    return j;
}

/* ---- running ---- */

void gemm_serial(const gemm_job *job) {
    if (job->m == 0 || job->n == 0)
        return;
    gemm_job j = *job;
    if (j.bias) {
        for (size_t r = 0; r < j.m; r++)
            memcpy(j.c + r * j.c_stride, j.bias, j.n * sizeof *j.c);
        j.beta = 1;
    }
    backends[0]->multiply(&j);
}

static void run_tile(void *context, size_t tile) {
    const product *p = context;
    size_t i = p->jobs - 1;
    while (p->first_tile[i] > tile)
        i--;
    gemm_job j = gemm_tile(p->job[i], p->grid[i], tile - p->first_tile[i]);
    gemm_serial(&j);
}

void gemm_run(const gemm_job *jobs, size_t count) {
    product p = {.jobs = count};
    gemm_aim aim = gemm_aim_for(base_threads_count());
    size_t tiles = 0;
    for (size_t i = 0; i < count; i++) {
        p.job[i] = &jobs[i];
        p.grid[i] = gemm_plan(&jobs[i], count, aim);
        p.first_tile[i] = tiles;
        tiles += p.grid[i].row_parts * p.grid[i].column_parts;
    }
    base_threads_run(tiles, run_tile, &p);
}

bool gemm_any_grid(void) {
    return backends[0]->any_grid();
}

void gemm_start(void) {
    backends[0]->start();
}

gemm_description gemm_describe(void) {
    return backends[0]->describe();
}
