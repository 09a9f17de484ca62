#include "autograd/ops/cursor.h"

op_cursor op_cursor_at(const tape_layout *layout, size_t row) {
    size_t low = 0, high = layout->texts;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (layout->start[middle] <= row)
            low = middle;
        else
            high = middle;
    }
    return (op_cursor){layout, low, row - layout->start[low]};
}

void op_cursor_next(op_cursor *c) {
    const uint32_t *start = c->layout->start;
    c->position++;
    while (c->text < c->layout->texts && start[c->text] + c->position >= start[c->text + 1]) {
        c->text++;
        c->position = 0;
    }
}
