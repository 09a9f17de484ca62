/* A program run as a child, with what it cost. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "base/memory.h"

typedef struct bench_child {
    double seconds;     /* from the start to the end of the process */
    double log_seconds; /* to the first bytes in the watched file; 0: none came */
    double peak;        /* resident memory, bytes */
    base_bytes out;     /* its standard output; release with base_bytes_free */
} bench_child;

/* Runs argv (NULL-terminated) to its end; standard error goes to build/bench/child.err. `watch` may
 * be NULL; that file is removed first. An exit code other than 0 is a failure. */
bool bench_child_run(const char *const *argv, const char *watch, bench_child *child,
                     base_error *error);

#endif
