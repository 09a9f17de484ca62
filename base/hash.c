#include "base/hash.h"

#include "base/memory.h"

#include <stdlib.h>

uint64_t base_hash_bytes(const void *bytes, size_t size) {
    const unsigned char *b = bytes;
    uint64_t hash = BASE_HASH_START;
    for (size_t i = 0; i < size; i++)
        hash = base_hash_byte(hash, b[i]);
    return hash;
}

static void put(base_hash *table, base_hash_slot item) {
    size_t at = item.hash & table->mask;
    while (table->slot[at].number != BASE_HASH_NONE)
        at = (at + 1) & table->mask;
    table->slot[at] = item;
}

bool base_hash_reserve(base_hash *table, size_t count, base_error *error) {
    enum { FIRST_SLOTS = 256 };
    size_t slots = table->slot ? table->mask + 1 : FIRST_SLOTS;
    if (count >= BASE_HASH_NONE)
        return base_fail(error, BASE_FAILED, "a hash table of 2^32 - 1 entries is full");
    if (table->slot && 2 * count <= slots)
        return true;
    while (slots < 2 * count)
        slots *= 2;
    base_hash grown = {base_alloc(slots, sizeof *grown.slot, error), table->count, slots - 1};
    if (!grown.slot)
        return false;
    for (size_t i = 0; i < slots; i++)
        grown.slot[i].number = BASE_HASH_NONE;
    for (size_t i = 0; table->slot && i <= table->mask; i++)
        if (table->slot[i].number != BASE_HASH_NONE)
            put(&grown, table->slot[i]);
    free(table->slot);
    *table = grown;
    return true;
}

bool base_hash_add(base_hash *table, uint64_t hash, base_error *error) {
    if (!base_hash_reserve(table, table->count + 1, error))
        return false;
    put(table, (base_hash_slot){base_hash_fold(hash), (uint32_t)table->count++});
    return true;
}

void base_hash_clear(base_hash *table) {
    for (size_t i = 0; table->slot && i <= table->mask; i++)
        table->slot[i].number = BASE_HASH_NONE;
    table->count = 0;
}

void base_hash_free(base_hash *table) {
    free(table->slot);
    *table = (base_hash){0};
}
