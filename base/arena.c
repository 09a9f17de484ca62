#define _GNU_SOURCE
#include "base/arena.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_RED_ZONE 64
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_RED_ZONE 64
#endif
#endif

#ifdef ARENA_RED_ZONE
#include <sanitizer/asan_interface.h>
#define POISON(at, n) __asan_poison_memory_region(at, n)
#define UNPOISON(at, n) __asan_unpoison_memory_region(at, n)
#else
#define ARENA_RED_ZONE 0
#define POISON(at, n) ((void)(at), (void)(n))
#define UNPOISON(at, n) ((void)(at), (void)(n))
#endif

enum { ALIGN = 64, HUGE_PAGE = 1 << 21 };

struct base_arena {
    char *start;
    size_t used, size, peak;
};

base_arena *base_arena_new(size_t bytes, base_error *error) {
    base_arena *arena = base_alloc(1, sizeof *arena, error);
    if (!arena)
        return NULL;
    arena->size = bytes;
    if (bytes <= SIZE_MAX - 2 * HUGE_PAGE) /* one block of all bytes fits, with its red zone */
        arena->size = (bytes + ARENA_RED_ZONE + ALIGN + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *start = mmap(NULL, arena->size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        base_fail(error, BASE_FAILED, "the system does not reserve %zu bytes of address space",
                  arena->size);
        free(arena);
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    madvise(start, arena->size, MADV_HUGEPAGE);
#endif
    arena->start = start;
    POISON(arena->start, arena->size);
    return arena;
}

void *base_arena_take(base_arena *arena, size_t bytes) {
    size_t room = arena->size - arena->used;
    if (bytes > room || room - bytes < ARENA_RED_ZONE + ALIGN)
        return NULL;
    void *block = arena->start + arena->used;
    arena->used += (bytes + ARENA_RED_ZONE + ALIGN - 1) / ALIGN * ALIGN;
    if (arena->used > arena->peak)
        arena->peak = arena->used;
    UNPOISON(block, bytes);
    return block;
}

void base_arena_clear(base_arena *arena) {
    base_arena_rewind(arena, 0);
}

size_t base_arena_used(const base_arena *arena) {
    return arena->used;
}

void base_arena_rewind(base_arena *arena, size_t used) {
    POISON(arena->start + used, arena->used - used);
    arena->used = used;
}

void base_arena_poison(void *at, size_t bytes) {
    POISON(at, bytes);
}

void base_arena_unpoison(void *at, size_t bytes) {
    UNPOISON(at, bytes);
}

size_t base_arena_peak(const base_arena *arena) {
    return arena->peak;
}

size_t base_arena_reserved(const base_arena *arena) {
    return arena->size;
}

void base_arena_free(base_arena *arena) {
    if (!arena)
        return;
    UNPOISON(arena->start, arena->size);
    munmap(arena->start, arena->size);
    free(arena);
}
