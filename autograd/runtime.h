/* The machine side of computing: the thread pool, BLAS on one thread, and what the log says of
 * them. */
#ifndef AUTOGRAD_RUNTIME_H
#define AUTOGRAD_RUNTIME_H

#include "base/memory.h"

/* Puts the BLAS on one thread and starts the pool with `threads` threads (0: base_cpu_threads()),
 * not pinned (base_threads_pin). Before any tape is used; again to change the number. */
bool tape_runtime_start(size_t threads, base_error *error);

/* OpenBLAS chooses its kernels while it is loaded; on a CPU younger than itself it takes very old
 * ones, at a sixth of the speed. Then this program starts again in place, with its words `argv` and
 * OPENBLAS_CORETYPE naming better ones. Returns when there are none, when the variable is set
 * already, or when that cannot be done. */
void tape_runtime_restart(char *const *argv);

/* Logs CPU and kernel level, BLAS version, core and threading, our threads, affinity and quota;
 * warns when the BLAS uses less than the CPU has (OPENBLAS_CORETYPE), when there are more threads
 * than CPUs allowed, and when the BLAS has threads of another kind (OpenMP). */
void tape_runtime_report(void);

/* Appends what the bits of a result come of beside its inputs, a line "NAME: VALUE\n" each: program
 * and compiler, kernels, BLAS. */
bool tape_runtime_origin(base_bytes *lines, base_error *error);

#endif
