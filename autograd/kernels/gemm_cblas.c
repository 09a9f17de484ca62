/* OpenBLAS; cblas_ and openblas_ stand in this file alone. */
#include "autograd/kernels/gemm_backend.h"
#include "base/cpu.h"

#include <cblas.h>
#include <pthread.h>
#include <string.h>

static void start(void) {
    openblas_set_num_threads(1);
}

static void multiply(const gemm_job *j) {
    CBLAS_TRANSPOSE ta = j->a.transposed ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE tb = j->b.transposed ? CblasTrans : CblasNoTrans;
#ifdef REAL_DOUBLE
    cblas_dgemm(
#else
    cblas_sgemm(
#endif
        CblasRowMajor, ta, tb, (blasint)j->m, (blasint)j->n, (blasint)j->k, j->alpha, j->a.values,
        (blasint)j->a.stride, j->b.values, (blasint)j->b.stride, j->beta, j->c,
        (blasint)j->c_stride);
}

/* OpenBLAS's cores by instruction set, the faster first; what is not named here is older than AVX2.
 */
static const struct {
    const char *name;
    base_cpu_level level;
    bool bf16; /* needs AVX512-BF16, although sgemm does not use it */
} cores[] = {
    {"Cooperlake", BASE_CPU_AVX512, true}, {"SapphireRapids", BASE_CPU_AVX512, true},
    {"SkylakeX", BASE_CPU_AVX512, false},  {"Haswell", BASE_CPU_AVX2, false},
    {"Zen", BASE_CPU_AVX2, false},
};

/* A CPU that is younger than OpenBLAS gets the kernels of Prescott, of 2004. */
static const char *better_than(const char *core) {
    base_cpu_level cpu = base_cpu_best(), now = BASE_CPU_BASELINE;
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++)
        if (!strcmp(core, cores[i].name))
            now = cores[i].level;
    for (size_t i = 0; now < cpu && i < sizeof cores / sizeof *cores; i++)
        if (cores[i].level == cpu && (!cores[i].bf16 || base_cpu_has_bf16()))
            return cores[i].name;
    return NULL;
}

/* Where tests/unit/test_gemm.c and `make check-bits` saw the same bits of every element in every
 * grid that gemm_plan makes. Only what was seen belongs here, and sgemm alone. */
static const struct {
    const char *version, *core;
} proved[] = {
    {"OpenBLAS 0.3.21 ", "Cooperlake"},
    {"OpenBLAS 0.3.21 ", "SkylakeX"},
    {"OpenBLAS 0.3.21 ", "Sandybridge"},
    {"OpenBLAS 0.3.21 ", "Prescott"},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_proved;

/* OpenBLAS writes its version into one buffer at each call. */
static void look_up(void) {
    const char *version = openblas_get_config(), *core = openblas_get_corename();
    for (size_t i = 0; sizeof(real) == sizeof(float) && i < sizeof proved / sizeof *proved; i++)
        if (!strncmp(version, proved[i].version, strlen(proved[i].version)) &&
            !strcmp(core, proved[i].core))
            is_proved = true;
}

static bool any_grid(void) {
    pthread_once(&once, look_up);
    return is_proved;
}

static gemm_description describe(void) {
    static const char *const parallel[] = {"serial", "pthreads", "OpenMP"};
    int kind = openblas_get_parallel();
    bool known = kind >= 0 && kind < 3;
    const char *core = openblas_get_corename();
    return (gemm_description){.version = openblas_get_config(),
                              .core = core,
                              .threading = known ? parallel[kind] : "unknown",
                              .threads_fit = kind == 0 || kind == 1,
                              .better = better_than(core)};
}

const gemm_backend gemm_cblas = {"cblas", start, multiply, any_grid, describe};
