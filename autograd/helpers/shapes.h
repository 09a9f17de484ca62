/* Checks that several operators' `shape` begin with; on failure they record it and return false. */
#ifndef AUTOGRAD_HELPERS_SHAPES_H
#define AUTOGRAD_HELPERS_SHAPES_H

#include "autograd/op.h"

/* Inputs 0 and 1 are there and of one shape, which becomes n's. `a`, `b`: their names. */
bool op_shape_as_both(tape *t, tape_node *n, const char *a, const char *b);

/* Inputs 0 and 1 are a [B,H] and c [C,H]; n becomes [B,C]. */
bool op_shape_all_rows(tape *t, tape_node *n);

/* Input 0 is there; its shape becomes n's. */
bool op_shape_as_first(tape *t, tape_node *n);

/* Input 0 has at least one element; n becomes [1, 1]. */
bool op_shape_scalar(tape *t, tape_node *n);

/* Input 0 has one row for each token of the layout, and every text at least one token. */
bool op_shape_tokens(tape *t, tape_node *n, const tape_layout *layout);

/* Likewise, or one row for each text of the layout. */
bool op_shape_tokens_or_texts(tape *t, tape_node *n, const tape_layout *layout);

#endif
