/* Where the time goes: seconds and GEMM arithmetic of each operator, forward and backward. */
#ifndef AUTOGRAD_PROFILE_H
#define AUTOGRAD_PROFILE_H

#include "autograd/tape.h"

enum { TAPE_PROFILE_ROWS = 64 };

typedef struct tape_profile_row {
    const op_def *def;
    size_t calls;
    double forward_seconds, backward_seconds;
    double forward_flops, backward_flops; /* GEMM only; backward counts the products it made */
} tape_profile_row;

/* Start with {0}. */
struct tape_profile {
    tape_profile_row row[TAPE_PROFILE_ROWS];
    size_t rows;
};

/* The operator's row, made when new (the last row is shared when the table is full). */
tape_profile_row *tape_profile_find(tape_profile *profile, const op_def *def);

#endif
