/* The threads of a command. */
#ifndef CLI_THREADS_H
#define CLI_THREADS_H

#include "dist/dist.h"

/* Starts the pool with so many threads (0: as many as the machine allows) and pins them when this
 * process is alone. Ranks that share a host, and have no number, each take what the machine allows:
 * a warning where that is more than there is. */
bool cli_threads_start(const dist_ranks *ranks, size_t threads, base_error *error);

#endif
