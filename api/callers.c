#include "api/callers.h"

#include "autograd/kernels/blas_memory.h"
#include "autograd/kernels/gemm.h"
#include "base/threads.h"

#include <stdatomic.h>
#include <stdio.h>

static atomic_size_t callers;

bool api_callers_take(base_error *error) {
    return blas_memory_take(base_threads_count() - 1 + atomic_load(&callers), error);
}

bool api_caller_enter(base_error *error) {
    atomic_fetch_add(&callers, 1);
    return api_callers_take(error);
}

void api_caller_leave(void) {
    atomic_fetch_sub(&callers, 1);
}

bool api_call_begin(base_error *error) {
    gemm_start();
    return api_caller_enter(error);
}

int api_call_end(bool ok, const base_error *error, sbert_failure *why) {
    api_caller_leave();
    if (why)
        snprintf(why->sentence, sizeof why->sentence, "%s", ok ? "" : error->text);
    return ok ? 0 : -1;
}
