#include "autograd/ops/mask.h"

#include <string.h>

op_mask op_mask_new(const tape *t, double probability) {
    return (op_mask){.on = tape_get_mode(t)->dropout && probability > 0,
                     .threshold = (uint32_t)(probability * 0x1p32),
                     .scale = REAL(1 / (1 - probability))};
}

bool op_mask_check(tape *t, const tape_node *n, double probability) {
    if (probability >= 0 && probability < 1)
        return true;
    return op_fail(t, n, "dropout probability %g, expected 0 <= p < 1", probability);
}

void op_mask_row(const op_mask *mask, const kernel_table *kernels, uint64_t key, size_t n,
                 const real *x, real *y) {
    if (mask->on)
        kernels->dropout(n, key, mask->threshold, mask->scale, x, y);
    else if (x != y)
        memcpy(y, x, n * sizeof *y);
}
