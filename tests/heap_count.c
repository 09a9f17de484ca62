#include "tests/heap_count.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

static atomic_size_t allocations;

size_t heap_count(void) {
    return atomic_load(&allocations);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(SANITIZED)

bool heap_count_works(void) {
    return true;
}

/* Symbols of the program stand before glibc's for every library; these go on to glibc's own. */
#define SEEN_BY_ALL __attribute__((visibility("default")))
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
int posix_memalign(void **out, size_t alignment, size_t size);

SEEN_BY_ALL void *malloc(size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(size);
}

SEEN_BY_ALL void *calloc(size_t count, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, size);
}

SEEN_BY_ALL void *realloc(void *at, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(at, size);
}

SEEN_BY_ALL void *aligned_alloc(size_t alignment, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __libc_memalign(alignment, size);
}

SEEN_BY_ALL int posix_memalign(void **out, size_t alignment, size_t size) {
    enum { OUT_OF_MEMORY = 12 }; /* ENOMEM */
    atomic_fetch_add(&allocations, 1);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : OUT_OF_MEMORY;
}

#else

bool heap_count_works(void) {
    return false;
}

#endif
