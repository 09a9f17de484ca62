#define _POSIX_C_SOURCE 200809L
#include "autograd/runtime.h"

#include "autograd/kernels/blas_memory.h"
#include "autograd/kernels/gemm.h"
#include "autograd/kernels/kernel.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/threads.h"
#include "base/version.h"

#include <stdlib.h>
#include <unistd.h>

bool tape_runtime_start(size_t threads, base_error *error) {
    gemm_start();
    return base_cpu_check(error) && base_threads_start(threads, error) &&
           blas_memory_take(base_threads_count(), error);
}

void tape_runtime_restart(char *const *argv) {
    const char *better = gemm_describe().better;
    if (!better || getenv("OPENBLAS_CORETYPE") || setenv("OPENBLAS_CORETYPE", better, 1) != 0)
        return;
    execv("/proc/self/exe", argv);
    unsetenv("OPENBLAS_CORETYPE");
}

static void warn_of_blas(void) {
    const char *pinned = getenv("OPENBLAS_CORETYPE");
    gemm_description blas = gemm_describe();
    if (blas.better)
        base_log(BASE_LOG_WARNING,
                 "the BLAS computes with %s kernels although the CPU has better ones: "
                 "OPENBLAS_CORETYPE is %s, %s would be faster",
                 blas.core, pinned ? pinned : "not set", blas.better);
    if (!blas.threads_fit)
        base_log(BASE_LOG_WARNING,
                 "the BLAS is the %s build, whose threads get into our threads' way; install the "
                 "pthread or serial build",
                 blas.threading);
}

void tape_runtime_report(void) {
    gemm_description blas = gemm_describe();
    size_t threads = base_threads_count(), allowed = base_threads_allowed(),
           quota = base_cpu_quota("");
    base_log(BASE_LOG_INFO, "CPU: %s, %s kernels; BLAS: %s, core %s, %s build", base_cpu_name(),
             kernel_best()->level, blas.version, blas.core, blas.threading);
    if (quota)
        base_log(BASE_LOG_INFO, "threads: %zu (%zu CPUs allowed, cgroup quota %zu)", threads,
                 allowed, quota);
    else
        base_log(BASE_LOG_INFO, "threads: %zu (%zu CPUs allowed, no cgroup quota)", threads,
                 allowed);
    if (threads > allowed)
        base_log(BASE_LOG_WARNING, "%zu threads share %zu CPUs: fewer threads would be faster",
                 threads, allowed);
    warn_of_blas();
}

bool tape_runtime_origin(base_bytes *lines, base_error *error) {
    gemm_description blas = gemm_describe();
    return base_bytes_format(lines, error, "program: %s, %s, compiler %s\n", BASE_VERSION,
                             sizeof(real) == sizeof(float) ? "float" : "double", __VERSION__) &&
           base_bytes_format(lines, error, "kernels: %s\nBLAS: %s, core %s\n", kernel_best()->level,
                             blas.version, blas.core);
}
