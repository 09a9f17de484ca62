/* Counts heap allocations of all threads, in this program and its libraries; makes chosen ones of
 * the project's own fail. */
#ifndef TESTS_HEAP_COUNT_H
#define TESTS_HEAP_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* False where nothing is counted: under a sanitizer, or without glibc. */
bool heap_count_works(void);

/* malloc, calloc, realloc and aligned allocations since the start of the process. */
size_t heap_count(void);

/* Blocks that are allocated and not freed. */
size_t heap_live(void);

/* From here to heap_fail_end the nth allocation (from 1; 0: none) of this thread fails: of the
 * project's code, of cJSON, of zlib's decoder, and address space for arenas. heap_fail_end tells
 * how many were asked for; fewer than nth: none has failed. */
void heap_fail(size_t nth);
size_t heap_fail_end(void);

#endif
