/* Rectangles of matrices: what slices and concatenations copy. Strides are in elements. */
#ifndef AUTOGRAD_OPS_BLOCK_H
#define AUTOGRAD_OPS_BLOCK_H

#include "autograd/kernels/kernel.h"

typedef struct op_block {
    size_t rows, cols;
    const real *from;
    size_t from_stride;
    real *to;
    size_t to_stride;
} op_block;

/* to = from, or with `kernels` to += from. */
void op_block_copy(const op_block *block);
void op_block_add(const op_block *block, const kernel_table *kernels);

#endif
