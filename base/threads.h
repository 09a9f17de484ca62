/* The one kind of thread: a pool of workers that take tiles.
 *
 * A job is a number of tiles that depends on shapes alone; which thread runs a tile never changes
 * a result. The calling thread works too. A call from inside a tile, or while another thread's
 * job runs, is done by the caller alone. */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

#include "base/error.h"

typedef void base_tile(void *context, size_t tile);

/* Starts the pool with `threads` threads in all (0: base_cpu_threads()). A later call changes the
 * number. Call from one thread at a time. */
bool base_threads_start(size_t threads, base_error *error);
void base_threads_stop(void);

/* Pins the threads one a core, the caller too, when they fill its affinity mask; false when they
 * do not. For a program that is alone with its work: threads and processes that a pinned caller
 * starts inherit its one core. base_threads_start and base_threads_stop, called by the same thread,
 * give it its mask back. */
bool base_threads_pin(void);

/* Threads that work on a job, the caller included (1 before base_threads_start). */
size_t base_threads_count(void);

/* CPUs the process may use: the affinity mask as it was before base_threads_pin. */
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
