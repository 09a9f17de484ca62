#include "api/callers.h"

#include "autograd/kernels/blas_memory.h"
#include "base/threads.h"

#include <stdatomic.h>

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
