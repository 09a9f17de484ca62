/* The one kind of thread: a pool of workers that take tiles.
 *
 * A job is a number of tiles that depends on shapes alone; which thread runs a tile never changes
 * a result. The calling thread works too. A call from inside a tile, or while another thread's
 * job runs, is done by the caller alone. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include "base/error.h"

typedef void base_tile(void *context, size_t tile);

/* Starts the pool with `threads` threads in all (0: base_cpu_threads()), pinned one a core when
 * they fill the affinity mask (base_threads_stop gives the caller its mask back). A later call
 * changes the number. Call from one thread at a time. */
bool base_threads_start(size_t threads, base_error *error);
void base_threads_stop(void);

/* Threads that work on a job, the caller included (1 before base_threads_start). */
size_t base_threads_count(void);

/* CPUs the process may use: the affinity mask as it was before base_threads_start pinned. */
size_t base_threads_allowed(void);

/* Which of these threads the caller is, 0 .. count-1: for scratch memory of a job, never for
 * results. A thread that is not of the pool is number 0, so scratch must belong to one job. */
size_t base_threads_self(void);

/* Runs tile(context, 0 .. tiles-1), each once, and returns when all are done. */
void base_threads_run(size_t tiles, base_tile *tile, void *context);

/* Splits 0..n-1 into equal parts of about `grain` and runs them; part i is [begin, end). */
typedef void base_range(void *context, size_t begin, size_t end);
void base_threads_range(size_t n, size_t grain, base_range *range, void *context);

#endif
