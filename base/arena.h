/* Arena: address space reserved once, touched lazily, given back all at once.
 *
 * Blocks are 64-byte aligned and not zeroed. Under AddressSanitizer every block has a red zone
 * behind it and everything not taken is poisoned. Not for several threads at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/error.h"

typedef struct base_arena base_arena;

/* Reserves `bytes` of address space (no memory is touched). Free with base_arena_free. */
base_arena *base_arena_new(size_t bytes, base_error *error);

/* `bytes` (>= 0) of 64-byte aligned memory, or NULL when the reserved space is used up. */
void *base_arena_take(base_arena *arena, size_t bytes);

/* Gives back all that was taken. */
void base_arena_clear(base_arena *arena);

/* Bytes taken so far, and giving back all that was taken since there were so many. */
size_t base_arena_used(const base_arena *arena);
void base_arena_rewind(base_arena *arena, size_t used);

/* Under AddressSanitizer: a block of the arena that is not to be read or written, and one that is
 * again. Elsewhere nothing. */
void base_arena_poison(void *at, size_t bytes);
void base_arena_unpoison(void *at, size_t bytes);

/* Most bytes ever in use at once, and bytes reserved. */
size_t base_arena_peak(const base_arena *arena);
size_t base_arena_reserved(const base_arena *arena);

void base_arena_free(base_arena *arena);

#endif
