/* One hash and one hash table. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/error.h"

#include <stdint.h>

/* FNV-1a of 64 bits (Fowler, Noll & Vo), byte by byte, so that the hashes of all prefixes
 * of a text come from one pass over it. Start with BASE_HASH_START. */
#define BASE_HASH_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t base_hash_byte(uint64_t hash, unsigned char byte) {
    return (hash ^ byte) * UINT64_C(0x100000001b3);
}
uint64_t base_hash_bytes(const void *bytes, size_t size);

/* The numbers 0, 1, 2, ... found by the hashes of keys, which the caller keeps in an array: the
 * table says which numbers may be a key's. Open addressing, at most half full. Start with {0},
 * release with base_hash_free. */
typedef struct base_hash_slot {
    uint32_t hash, number; /* number BASE_HASH_NONE: free */
} base_hash_slot;

typedef struct base_hash {
    base_hash_slot *slot; /* [mask + 1], a power of two */
    size_t count, mask;
} base_hash;

#define BASE_HASH_NONE UINT32_MAX

/* Makes room for `count` numbers in all, so that adding them cannot fail. */
bool base_hash_reserve(base_hash *table, size_t count, base_error *error);

/* Adds the next number, table->count, under a hash. */
bool base_hash_add(base_hash *table, uint64_t hash, base_error *error);
/* Forgets the numbers and keeps the memory. */
void base_hash_clear(base_hash *table);
void base_hash_free(base_hash *table);

/* FNV's low bits are its weak ones. */
static inline uint32_t base_hash_fold(uint64_t hash) {
    return (uint32_t)(hash >> 32 ^ hash);
}

/* The next number that was added under this hash (or, rarely, another one), BASE_HASH_NONE at the
 * end. Start with *tried 0. */
static inline uint32_t base_hash_next(const base_hash *table, uint64_t hash, size_t *tried) {
    uint32_t folded = base_hash_fold(hash);
    while (table->count) {
        base_hash_slot slot = table->slot[(folded + (*tried)++) & table->mask];
        if (slot.number == BASE_HASH_NONE || slot.hash == folded)
            return slot.number;
    }
    return BASE_HASH_NONE;
}

#endif
