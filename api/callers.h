/* Threads of the caller's that compute, each with a buffer of OpenBLAS's own beside those of the
 * pool (autograd/kernels/blas_memory.h). */
#ifndef API_CALLERS_H
#define API_CALLERS_H

#include "base/error.h"
#include "sbert.h"

/* One more; false when there is no room for its buffer. api_caller_leave in any case. */
bool api_caller_enter(base_error *error);
void api_caller_leave(void);

/* Before and after a call without a handle that computes; `end` gives the error's sentence away and
 * returns what the call does. */
bool api_call_begin(base_error *error);
int api_call_end(bool ok, const base_error *error, sbert_failure *why);

/* Buffers for all of them and the pool, whose size has changed. */
bool api_callers_take(base_error *error);

#endif
