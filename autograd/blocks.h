/* Blocks of arena memory that come back: a free list over an arena (activation gradients; values in
 * inference). */
#ifndef AUTOGRAD_BLOCKS_H
#define AUTOGRAD_BLOCKS_H

#include "base/arena.h"

enum { TAPE_FREE_BLOCKS = 64 };

typedef struct tape_blocks {
    struct tape_block {
        void *at;
        size_t size;
    } free[TAPE_FREE_BLOCKS];
    size_t count;
} tape_blocks;

/* Forgets all free blocks (their arena was rewound). */
void tape_blocks_clear(tape_blocks *blocks);

/* The smallest free block of at least size bytes and less than twice that, else fresh memory; NULL
 * when the arena is full. What the block had more is lost until the rewind. */
void *tape_blocks_take(tape_blocks *blocks, base_arena *arena, size_t size);

/* Gives a block back. When the list is full the smallest block is forgotten until the rewind. */
void tape_blocks_give(tape_blocks *blocks, void *at, size_t size);

#endif
