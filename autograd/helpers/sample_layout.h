/* Small fixed layouts for operators' cases. */
#ifndef AUTOGRAD_HELPERS_SAMPLE_LAYOUT_H
#define AUTOGRAD_HELPERS_SAMPLE_LAYOUT_H

#include "autograd/layout.h"

/* A constant layout of `tokens` tokens (1, 4, 9, 14, 40 or 70) in texts of mixed lengths, from 1
 * token on; ids below 11, types 0 and 1. NULL for other sizes. */
const tape_layout *op_sample_layout(size_t tokens);

#endif
