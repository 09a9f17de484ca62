/* Row loops of small operators on the pool. */
#ifndef AUTOGRAD_OPS_OVER_ROWS_H
#define AUTOGRAD_OPS_OVER_ROWS_H

#include "base/threads.h"

/* Runs `range` over rows 0..rows-1, in parts of about 16384 elements that depend on the shape
 * alone. Element by element: rows * cols rows of one column. */
void op_over_rows(size_t rows, size_t cols, base_range *range, void *context);

#endif
