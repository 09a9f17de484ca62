/* The door to matrix products: values against plain loops, and the grid. Which cores of OpenBLAS
 * stand in gemm_cblas.c's table is decided here: OPENBLAS_CORETYPE=NAME, --filter gemm/same_bits
 * says whether an element's bits depend on the grid there. */
#define _POSIX_C_SOURCE 200809L
#include "autograd/kernels/gemm.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static real *numbers(size_t n, base_random *r) {
    base_error error = {0};
    real *x = base_alloc(n, sizeof *x, &error);
    cr_assert_not_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = REAL(base_random_normal(r));
    return x;
}

/* ---- values ---- */

static double element(const gemm_operand *x, size_t row, size_t column) {
    size_t r = x->transposed ? column : row, c = x->transposed ? row : column;
    return (double)x->values[r * x->stride + c];
}

static void check_values(unsigned transposed, bool biased, real beta) {
    enum { M = 5, N = 7, K = 3, STRIDE = 9 };
    base_random r = base_random_stream(transposed, "gemm");
    real *a = numbers(STRIDE * STRIDE, &r), *b = numbers(STRIDE * STRIDE, &r);
    real *c = numbers(M * STRIDE, &r), *bias = numbers(N, &r), before[M * STRIDE];
    memcpy(before, c, sizeof before);
    gemm_job j = {.m = M,
                  .n = N,
                  .k = K,
                  .a = {a, STRIDE, transposed & 1, NULL},
                  .b = {b, STRIDE, transposed & 2, NULL},
                  .alpha = REAL(0.5),
                  .beta = beta,
                  .c = c,
                  .c_stride = STRIDE,
                  .bias = biased ? bias : NULL};
    gemm_run(&j, 1);
    for (size_t row = 0; row < M; row++)
        for (size_t column = 0; column < STRIDE; column++) {
            double y = (double)before[row * STRIDE + column], sum = 0;
            for (size_t k = 0; k < K; k++)
                sum += element(&j.a, row, k) * element(&j.b, k, column % N);
            if (column < N)
                y = sum / 2 + (biased ? (double)bias[column] : (double)beta * y);
            cr_expect_float_eq((double)c[row * STRIDE + column], y, 1e-5, "%zu, %zu", row, column);
        }
    free(a);
    free(b);
    free(c);
    free(bias);
}

Test(gemm, products_with_strides_transposes_bias_and_beta) {
    for (unsigned transposed = 0; transposed < 4; transposed++) {
        check_values(transposed, false, 0);
        check_values(transposed, false, 1);
        check_values(transposed, true, 0);
    }
}

/* ---- the grid ---- */

static const size_t threads[] = {1, 2, 3, 4, 8, 16, 32, 64};
enum { THREADS = sizeof threads / sizeof *threads };

/* tokens, inputs, outputs of a linear layer: models' and odd ones */
static const size_t layers[][3] = {
    {117, 384, 384}, {499, 384, 1152}, {500, 384, 1536}, {503, 1536, 384}, {64, 768, 3072},
    {1000, 96, 384}, {2049, 32, 129},  {777, 1025, 131}, {1931, 384, 384}, {1, 2048, 2048},
    {13, 1001, 999}, {512, 512, 512},  {97, 769, 1153},  {2500, 128, 512},
};
enum { LAYERS = sizeof layers / sizeof *layers, SHORT = 6 };

/* Forward, dX and dW (each with beta 0 and 1) of y = x w^T. */
static size_t products(size_t t, size_t i, size_t o, const real *x, const real *y, gemm_job *out) {
    gemm_operand rows_i = {x, i, false, NULL}, w = {y, i, false, NULL}, w_t = {y, i, true, NULL};
    gemm_operand dy = {y, o, false, NULL}, dy_t = {y, o, true, NULL};
    size_t n = 0;
    for (int beta = 0; beta < 2; beta++) {
        real b = REAL(beta);
        out[n++] = (gemm_job){.m = t, .n = o, .k = i, .a = rows_i, .b = w_t, .beta = b};
        out[n++] = (gemm_job){.m = t, .n = i, .k = o, .a = {x, o, false, NULL}, .b = w, .beta = b};
        out[n++] = (gemm_job){.m = o, .n = i, .k = t, .a = dy_t, .b = rows_i, .beta = b};
        out[n++] = (gemm_job){.m = t, .n = i, .k = o, .a = dy, .b = {x, i, false, NULL}, .beta = b};
    }
    return n;
}

static bool same_bits(gemm_job *j, real *one, real *c, const real *before, size_t count) {
    size_t size = j->m * j->n;
    bool same = true;
    for (size_t t = 0; same && t < THREADS; t++) {
        gemm_grid g = gemm_plan(j, count, (gemm_aim){threads[t], t ? 2 * threads[t] : 1});
        j->c = t ? c : one;
        memcpy(j->c, before, size * sizeof *c);
        for (size_t i = 0; i < g.row_parts * g.column_parts; i++) {
            gemm_job tile = gemm_tile(j, g, i);
            gemm_serial(&tile);
        }
        same = !memcmp(j->c, one, size * sizeof *c);
        if (!same)
            printf("differs: [%zu, %zu, %zu] a%s b%s beta %g, %zu threads: %zu x %zu tiles\n", j->m,
                   j->n, j->k, j->a.transposed ? "^T" : "", j->b.transposed ? "^T" : "",
                   (double)j->beta, threads[t], g.row_parts, g.column_parts);
    }
    return same;
}

Test(gemm, same_bits_in_every_grid) {
    enum { MOST = 1 << 23, JOBS = 8 };
    bool whole = getenv("SBERT_BITS_STEPS"), same = true;
    base_random r = base_random_stream(1, "grid");
    real *x = numbers(MOST, &r), *y = numbers(MOST, &r), *before = numbers(MOST, &r);
    real *one = numbers(MOST, &r), *c = numbers(MOST, &r);
    gemm_start();
    for (size_t l = 0; l < (whole ? LAYERS : SHORT); l++) {
        gemm_job jobs[JOBS];
        size_t n = products(layers[l][0], layers[l][1], layers[l][2], x, y, jobs);
        for (size_t i = 0; i < n; i++) {
            jobs[i].alpha = 1;
            jobs[i].c_stride = jobs[i].n;
            same = same_bits(&jobs[i], one, c, before, 1) && same;
            same = (!whole || same_bits(&jobs[i], one, c, before, 2)) && same;
        }
    }
    printf("core %s: %s, %s\n", gemm_describe().core,
           same ? "the same bits in every grid" : "bits depend on the grid",
           gemm_any_grid() ? "in the table" : "not in the table");
    cr_expect(same || !gemm_any_grid(), "%s is in the table", gemm_describe().core);
    free(x);
    free(y);
    free(before);
    free(one);
    free(c);
}

/* The same in a child that has OpenBLAS compute with another core's kernels. Only the cores that
 * the table names, unless the run is a long one. */
static void check_core(const char *core, base_cpu_level level, bool in_table) {
    char program[4096];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);
    if (size <= 0)
        cr_skip_test("the system does not name this program");
    if (base_cpu_best() < level)
        cr_skip_test("this CPU does not have %s", base_cpu_level_name(level));
    if (!in_table && !getenv("SBERT_BITS_STEPS"))
        cr_skip_test("a long run: make check-bits");
    program[size] = 0;
    /* Criterion's own variable would make the child a worker. */
    char *command = base_format(
        "env -u BXFI_MAP OPENBLAS_CORETYPE=%s '%s' --filter 'gemm/same_bits*'", core, program);
    cr_expect_eq(system(command), 0, "%s", command);
    free(command);
}

#define CORE(name, level, in_table)                                                                \
    Test(gemm, core_##name) {                                                                      \
        check_core(#name, level, in_table);                                                        \
    }
CORE(SkylakeX, BASE_CPU_AVX512, true)
CORE(Haswell, BASE_CPU_AVX2, false)
CORE(Zen, BASE_CPU_AVX2, false)
CORE(Sandybridge, BASE_CPU_AVX2, false)
CORE(Nehalem, BASE_CPU_BASELINE, false)
CORE(Prescott, BASE_CPU_BASELINE, false)

/* OpenBLAS takes this one for CPUs with bf16 instructions. */
Test(gemm, core_Cooperlake) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bf16")) {
        check_core("Cooperlake", BASE_CPU_AVX512, true);
        return;
    }
#endif
    cr_skip_test("this CPU does not have bf16 instructions");
}

/* ---- the plan ---- */

static size_t tiles_of(size_t m, size_t n, size_t k, gemm_aim aim) {
    gemm_job j = {.m = m, .n = n, .k = k};
    gemm_grid g = gemm_plan(&j, 1, aim);
    return g.row_parts * g.column_parts;
}

Test(gemm, the_plan_has_tiles_for_all_threads_and_none_too_small) {
    cr_expect_eq(tiles_of(480, 384, 384, (gemm_aim){1, 1}), 1);
    cr_expect_eq(tiles_of(480, 384, 384, (gemm_aim){2, 4}), 4, "as coarse as it can be");
    cr_expect_eq(tiles_of(480, 384, 384, (gemm_aim){16, 32}), 32);
    cr_expect_eq(tiles_of(2000, 1536, 384, (gemm_aim){6, 12}), 12);
    cr_expect_eq(tiles_of(100, 100, 100, (gemm_aim){16, 32}), 1, "below the floor: one tile");
    cr_expect_eq(tiles_of(0, 100, 100, (gemm_aim){16, 32}), 1);
    for (size_t l = 0; l < LAYERS; l++)
        for (size_t t = 0; t < THREADS; t++) {
            gemm_job j = {.m = layers[l][0], .n = layers[l][2], .k = layers[l][1]};
            gemm_grid g = gemm_plan(&j, 1, (gemm_aim){threads[t], 2 * threads[t]});
            size_t elements = 0;
            for (size_t i = 0; i < g.row_parts * g.column_parts; i++) {
                gemm_job tile = gemm_tile(&j, g, i);
                elements += tile.m * tile.n;
                cr_expect(g.row_parts * g.column_parts == 1 || tile.m * tile.n * tile.k >= 2000000);
            }
            cr_expect_eq(elements, j.m * j.n, "the tiles cover C");
        }
}
