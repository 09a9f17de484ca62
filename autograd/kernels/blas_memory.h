/* OpenBLAS's working memory where address space is limited (ulimit -v). Each thread that computes
 * takes a buffer on its first product; without room for it OpenBLAS tries again for ever. */
#ifndef AUTOGRAD_KERNELS_BLAS_MEMORY_H
#define AUTOGRAD_KERNELS_BLAS_MEMORY_H

#include "base/error.h"

/* Makes sure of the buffers of `threads` threads, before anything else takes the room; false when
 * there is none. Does nothing when address space is not limited, or when as many were taken before.
 * From any thread. */
bool blas_memory_take(size_t threads, base_error *error);

#endif
