/* How packed token rows divide into texts (docs/architecture.md, 1). Nothing is padded: text s is
 * rows start[s] to start[s+1]-1 of every [T, ...] tensor. Arrays belong to the caller and outlive
 * the tape's pass. */
#ifndef AUTOGRAD_LAYOUT_H
#define AUTOGRAD_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct tape_layout {
    size_t texts, tokens;    /* S, T == start[S] */
    const uint32_t *start;   /* [S+1] */
    const uint32_t *ids;     /* [T] token ids */
    const uint32_t *types;   /* [T] token type ids, NULL: all 0 */
    const uint32_t *example; /* [S] example in the whole batch, a dropout key; NULL: 0..S-1 */
    const uint32_t *column;  /* [S] text column, a dropout key; NULL: all 0 */
    const uint32_t *skip;    /* [S] first tokens that pooling leaves out (a prompt); NULL: none */
} tape_layout;

#endif
