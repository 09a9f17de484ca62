/* Loops over the rows of matrices on the pool. Parts and the order of sums depend on shapes alone;
 * strides are in elements. */
#ifndef AUTOGRAD_HELPERS_ROWS_H
#define AUTOGRAD_HELPERS_ROWS_H

#include "autograd/kernels/kernel.h"
#include "base/threads.h"

/* Runs `range` over rows 0..rows-1, in parts of about 16384 elements, or down to 4096 where
 * there would be fewer than 64 parts. Element by element: rows * cols rows of one column. */
void op_over_rows(size_t rows, size_t cols, base_range *range, void *context);

/* A rectangle of a matrix and where it goes: what slices and concatenations copy. */
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

/* out[c] = beta * out[c] + sum over r of x[r, c], the rows in order: the gradient of everything
 * that is added to each row. beta 0 does not read out. */
void op_column_sums(const kernel_table *kernels, size_t rows, size_t cols, const real *x, real beta,
                    real *out);

#endif
