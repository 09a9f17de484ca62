/* Dropout masks (Srivastava et al. 2014, in the inverted form): drawn anew from the counter
 * wherever they are needed, never stored. */
#ifndef AUTOGRAD_OPS_MASK_H
#define AUTOGRAD_OPS_MASK_H

#include "autograd/op.h"

typedef struct op_mask {
    bool on; /* false: everything is kept as it is */
    uint32_t threshold;
    real scale; /* 1 / (1 - probability) */
} op_mask;

/* The mask of a probability (0 <= p < 1) on this tape. */
op_mask op_mask_new(const tape *t, double probability);

/* False, and the tape's error, unless 0 <= probability < 1. */
bool op_mask_check(tape *t, const tape_node *n, double probability);

/* y = masked x, of one row; y may be x. */
void op_mask_row(const op_mask *mask, const kernel_table *kernels, uint64_t key, size_t n,
                 const real *x, real *y);

#endif
