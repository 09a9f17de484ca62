/* Walks packed token rows in order, knowing the text and the position in it. */
#ifndef AUTOGRAD_OPS_CURSOR_H
#define AUTOGRAD_OPS_CURSOR_H

#include "autograd/layout.h"

typedef struct op_cursor {
    const tape_layout *layout;
    size_t text, position;
} op_cursor;

/* At token row `row` (< tokens); found by bisection. */
op_cursor op_cursor_at(const tape_layout *layout, size_t row);

/* On to the next row; empty texts are passed over. */
void op_cursor_next(op_cursor *cursor);

#endif
