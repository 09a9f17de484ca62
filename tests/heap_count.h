/* Counts heap allocations of all threads, in this program and its libraries. */
#ifndef TESTS_HEAP_COUNT_H
#define TESTS_HEAP_COUNT_H

#include <stdbool.h>
#include <stddef.h>

/* False where nothing is counted: under a sanitizer, or without glibc. */
bool heap_count_works(void);

/* malloc, calloc, realloc and aligned allocations since the start of the process. */
size_t heap_count(void);

#endif
