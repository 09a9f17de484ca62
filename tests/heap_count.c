#define _GNU_SOURCE
#include "tests/heap_count.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <zlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

static atomic_size_t allocations, frees;

size_t heap_count(void) {
    return atomic_load(&allocations);
}

size_t heap_live(void) {
    return atomic_load(&allocations) - atomic_load(&frees);
}

/* ---- failing on demand: the linker puts these before the project's own calls (--wrap) ---- */

static _Thread_local size_t failing, seen;
static _Thread_local bool counting;

void heap_fail(size_t nth) {
    /* cJSON and zlib allocate for us. */
    cJSON_Hooks hooks = {malloc, free};
    cJSON_InitHooks(&hooks);
    failing = nth;
    seen = 0;
    counting = true;
}

size_t heap_fail_end(void) {
    counting = false;
    return seen;
}

static bool fails(void) {
    return counting && ++seen == failing;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __real_inflateInit2_(z_streamp stream, int bits, const char *version, int size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
int __wrap_inflateInit2_(z_streamp stream, int bits, const char *version, int size);

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size) {
    return fails() ? NULL : __real_realloc(at, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset) {
    if (!fails())
        return __real_mmap(at, size, protection, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}

int __wrap_inflateInit2_(z_streamp stream, int bits, const char *version, int size) {
    return fails() ? Z_MEM_ERROR : __real_inflateInit2_(stream, bits, version, size);
}

#if defined(__GLIBC__) && !defined(SANITIZED)

bool heap_count_works(void) {
    return true;
}

/* Symbols of the program stand before glibc's for every library; these go on to glibc's own. */
#define SEEN_BY_ALL __attribute__((visibility("default")))
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *at, size_t size);
void __libc_free(void *at);
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

SEEN_BY_ALL void free(void *at) {
    atomic_fetch_add(&frees, at != NULL);
    __libc_free(at);
}

SEEN_BY_ALL void *realloc(void *at, size_t size) {
    atomic_fetch_add(&allocations, 1);
    atomic_fetch_add(&frees, at != NULL);
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

/* Criterion's runner now and then loses a test's clock (48 bytes). Leaks are looked for in the
 * processes of the tests alone: those that BoxFort starts, which know their parent by BXFI_MAP. */
int __lsan_is_turned_off(void);
__attribute__((visibility("default"))) int __lsan_is_turned_off(void) {
    return getenv("BXFI_MAP") == NULL;
}

#endif
