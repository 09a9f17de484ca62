/* Dropout masks of rows, drawn again whenever they are asked for. */
#ifndef AUTOGRAD_HELPERS_DROPOUT_ROWS_H
#define AUTOGRAD_HELPERS_DROPOUT_ROWS_H

#include "autograd/op.h"

typedef struct op_dropout_rows {
    const uint64_t *key; /* [T], in scratch memory; NULL: nothing is dropped */
    uint32_t threshold;
    real scale;
} op_dropout_rows;

/* The masks of all rows at one site; the identity when the tape draws none or probability is 0. */
op_dropout_rows op_dropout_rows_draw(tape *t, const tape_layout *layout, double probability,
                                     uint32_t site);

/* The same for the rows of a node, of which the layout's texts have one each, or its tokens. A
 * text's row has the masks of the text's first token. */
op_dropout_rows op_dropout_node_rows_draw(tape *t, const tape_node *n, const tape_layout *layout,
                                          double probability, uint32_t site);

/* Bytes of scratch that the masks of `rows` rows take. */
double op_dropout_rows_scratch(size_t rows);

/* The mask of a row; of one of its parts (an attention head). */
kernel_mask op_dropout_row(const op_dropout_rows *rows, size_t row);
kernel_mask op_dropout_row_part(const op_dropout_rows *rows, size_t row, size_t part);

/* 0 <= probability < 1, else records a failure and returns false. */
bool op_dropout_check(tape *t, const tape_node *n, double probability);

#endif
