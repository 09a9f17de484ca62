/* Threads of the caller's that compute, each with a buffer of OpenBLAS's own beside those of the
 * pool (autograd/kernels/blas_memory.h). */
#ifndef API_CALLERS_H
#define API_CALLERS_H

#include "base/error.h"

/* One more; false when there is no room for its buffer. api_caller_leave in any case. */
bool api_caller_enter(base_error *error);
void api_caller_leave(void);

/* Buffers for all of them and the pool, whose size has changed. */
bool api_callers_take(base_error *error);

#endif
