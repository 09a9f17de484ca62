/* One head of one text: the work that attention's tiles share out. */
#ifndef AUTOGRAD_HELPERS_ATTENTION_HEAD_H
#define AUTOGRAD_HELPERS_ATTENTION_HEAD_H

#include "autograd/helpers/dropout_rows.h"

/* L tokens, d columns of this head; rows of qkv are 3 hidden apart. */
typedef struct op_attention_head {
    const kernel_table *kernels;
    const op_dropout_rows *masks;
    size_t head, row;             /* the text's first token row */
    size_t length, width, hidden; /* L, d, H */
    const real *qkv;              /* this head's query in the text's first row */
    const real *bias;             /* of a key as far behind its query: bias[key - query], or NULL */
    size_t window;                /* keys farther from their query are not seen; 0: all are */
    bool causal;                  /* keys behind their query are not seen */
    real *statistics; /* two numbers (kernel softmax) a query, statistics_row apart, or NULL */
    size_t statistics_row;
    real *scratch;
} op_attention_head;

/* Numbers of scratch that a text of `length` tokens takes. */
size_t op_attention_head_scratch(size_t length, size_t width);

/* y: this head's columns in the text's first output row, rows `hidden` apart. Fills the
 * statistics. */
void op_attention_head_forward(const op_attention_head *h, real *y);

/* dy like y; dqkv like qkv (or NULL; beta 0: overwritten); dbias like bias, added to
 * (or NULL). Reads the statistics. */
void op_attention_head_backward(const op_attention_head *h, const real *dy, real *dqkv, real beta,
                                real *dbias);

#endif
