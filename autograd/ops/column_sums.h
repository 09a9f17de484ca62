/* Sums over the rows of a matrix: the gradient of everything that is added to each row. */
#ifndef AUTOGRAD_OPS_COLUMN_SUMS_H
#define AUTOGRAD_OPS_COLUMN_SUMS_H

#include "autograd/kernels/kernel.h"

/* out[c] = beta * out[c] + sum over r of x[r, c]; rows are added in order, so the result depends on
 * shapes alone. beta 0 does not read out. */
void op_column_sums(const kernel_table *kernels, size_t rows, size_t cols, const real *x, real beta,
                    real *out);

#endif
