#include "autograd/blocks.h"

void tape_blocks_clear(tape_blocks *blocks) {
    blocks->count = 0;
}

void *tape_blocks_take(tape_blocks *blocks, base_arena *arena, size_t size) {
    size_t best = blocks->count;
    for (size_t i = 0; i < blocks->count; i++) {
        size_t s = blocks->free[i].size;
        if (s >= size && s / 2 <= size && (best == blocks->count || s < blocks->free[best].size))
            best = i;
    }
    if (best == blocks->count)
        return base_arena_take(arena, size);
    void *at = blocks->free[best].at;
    blocks->free[best] = blocks->free[--blocks->count];
    base_arena_unpoison(at, size);
    return at;
}

void tape_blocks_give(tape_blocks *blocks, void *at, size_t size) {
    base_arena_poison(at, size);
    if (blocks->count < TAPE_FREE_BLOCKS) {
        blocks->free[blocks->count++] = (struct tape_block){at, size};
        return;
    }
    size_t least = 0;
    for (size_t i = 1; i < blocks->count; i++)
        if (blocks->free[i].size < blocks->free[least].size)
            least = i;
    if (blocks->free[least].size < size)
        blocks->free[least] = (struct tape_block){at, size};
}
