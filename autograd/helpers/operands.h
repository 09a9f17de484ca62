/* Matrices of a node as operands of a product. */
#ifndef AUTOGRAD_HELPERS_OPERANDS_H
#define AUTOGRAD_HELPERS_OPERANDS_H

#include "autograd/kernels/gemm.h"
#include "autograd/op.h"

/* The node's value; of a parameter with its owner, so that a back end can keep what it made of it.
 */
static inline gemm_operand op_values(const tape_node *n, bool transposed) {
    return (gemm_operand){n->value, n->cols, transposed, n->param};
}

/* The gradient that came from above. */
static inline gemm_operand op_upstream_values(const tape_node *n, bool transposed) {
    return (gemm_operand){op_upstream(n), n->cols, transposed, NULL};
}

#endif
