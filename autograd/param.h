/* A trainable tensor as operators see it. The flat blocks behind it belong to its set
 * (nn/params.h). */
#ifndef AUTOGRAD_PARAM_H
#define AUTOGRAD_PARAM_H

#include "autograd/real.h"
#include "base/error.h"

#include <stdint.h>

/* Row-sparse gradient of an embedding table: only the rows that a step looked up, compactly.
 * Slot s of the gradient block is row row[s]; slot_of[r] is the slot of row r plus one, 0 for none.
 */
typedef struct tape_sparse {
    uint32_t *slot_of; /* [rows of the table] */
    uint32_t *row;     /* [rows of the table], the first `slots` in use */
    size_t slots;
} tape_sparse;

/* value [rows, cols] row-major. grad: NULL when frozen; else [rows, cols], for a sparse parameter
 * the first sparse->slots rows are in use. */
typedef struct tape_param {
    const char *name;
    size_t rows, cols;
    real *value, *grad;
    bool has_grad; /* grad holds this step's numbers: the first touch writes, later ones add */
    bool decay;    /* weight decay applies (not to biases and LayerNorm) */
    tape_sparse *sparse;
    uint64_t version; /* another one whenever `value` changes: what is made of it may be kept until
                         then */
} tape_param;

/* To be called after every change of param->value. */
void tape_param_changed(tape_param *param);

/* Forgets the gradient (has_grad false, no slots); the numbers are overwritten by the next touch.
 */
void tape_param_clear_grad(tape_param *param);

/* Gradient row of table row `row`, taking a fresh slot (not zeroed, *fresh true) when it has none.
 * One thread at a time. */
real *tape_param_sparse_row(tape_param *param, uint32_t row, bool *fresh);

#endif
