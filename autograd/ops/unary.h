/* Operators y = f(x), element by element, from a pair of kernels. */
#ifndef AUTOGRAD_OPS_UNARY_H
#define AUTOGRAD_OPS_UNARY_H

#include "autograd/op.h"

typedef void op_unary_kernel(size_t n, const real *x, real *y);
typedef void op_unary_backward_kernel(size_t n, const real *x, const real *dy, real beta, real *dx);

/* n->value = kernel(x); on all threads. */
void op_unary_forward(tape_node *n, op_unary_kernel *kernel);

/* Gradient of input 0. */
void op_unary_backward(tape *t, tape_node *n, op_unary_backward_kernel *kernel);

#endif
