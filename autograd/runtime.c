#include "autograd/runtime.h"

#include "autograd/kernels/blas_memory.h"
#include "autograd/kernels/gemm.h"
#include "autograd/kernels/kernel.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/threads.h"

#include <stdlib.h>

bool tape_runtime_start(size_t threads, base_error *error) {
    gemm_start();
    return base_cpu_check(error) && base_threads_start(threads, error) &&
           blas_memory_take(base_threads_count(), error);
}

static void warn_of_blas(void) {
    const char *pinned = getenv("OPENBLAS_CORETYPE");
    gemm_description blas = gemm_describe();
    if (blas.below_cpu)
        base_log(BASE_LOG_WARNING,
                 "the BLAS computes with %s kernels although the CPU has better ones%s%s",
                 blas.core, pinned ? ": OPENBLAS_CORETYPE is " : "", pinned ? pinned : "");
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
