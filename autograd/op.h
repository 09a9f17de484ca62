/* What an operator is: one file in ops/ (twins share one) with, in this order, a comment (formula,
 * shapes, source), shape, forward, backward, cases, one const op_def, the builder function; and one
 * line in ops.def.
 *
 * The functions below are for operators only. */
#ifndef AUTOGRAD_OP_H
#define AUTOGRAD_OP_H

#include "autograd/blocks.h"
#include "autograd/ops/ops.h"

/* One way to call the operator, for the judge (tests/judge): random inputs of these shapes, uniform
 * in [low, high] (-1 to 1 where both are 0) and at least `gap` away from 0, go through `build`. */
typedef struct op_case_input {
    size_t rows, cols;
    double low, high, gap;
} op_case_input;

typedef struct op_case {
    const char *name;                  /* NULL ends the list */
    op_case_input in[TAPE_MAX_INPUTS]; /* up to the first without rows */
    tape_node *(*build)(tape *t, tape_node **in);
    bool dropout; /* judged with masks on */
} op_case;

struct op_def {
    const char *name;
    /* Checks the inputs, sets rows, cols and saved_bytes; nothing is allocated yet. On failure
     * calls op_fail and returns false. */
    bool (*shape)(tape *t, tape_node *n);
    /* Fills n->value, and n->saved when it is not NULL. */
    void (*forward)(tape *t, tape_node *n);
    /* Adds to the gradients of the inputs, from op_upstream(n). */
    void (*backward)(tape *t, tape_node *n);
    const op_case *cases;
    /* Floating-point operations of forward that count as model arithmetic (GEMM); NULL: 0. */
    double (*flops)(const tape_node *n);
    /* Most bytes of op_scratch that one call within these bounds takes; NULL: none. */
    double (*scratch)(const op_bounds *bounds);
};

/* Runs shape, allocates, copies attr (attr_size bytes, may be 0), runs forward, appends. NULL after
 * an error. */
tape_node *op_apply(tape *t, const op_def *def, tape_node *const *in, size_t inputs,
                    const void *attr, size_t attr_size);

/* Records "op NAME: ..." (BASE_FAILED). Always false. */
bool op_fail(tape *t, const tape_node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Memory until the operator's forward or backward returns; not zeroed; NULL and an error when the
 * arena is full. */
void *op_scratch(tape *t, size_t bytes);

/* Gradient of the output, [rows, cols]; there whenever backward runs. */
const real *op_upstream(const tape_node *n);

/* Gradient of an input to add to, zeroed on first touch; NULL when none is wanted (then the
 * operator skips that product) or node is NULL. For a sparse parameter NULL and an error. */
real *op_grad(tape *t, tape_node *node);

/* The same for operators that can overwrite: *beta is 0 on first touch (the numbers there are
 * garbage and must be written), 1 after. */
real *op_grad_write(tape *t, tape_node *node, real *beta);

/* Nodes beside the pass: operators that are called between the two functions make a tape of their
 * own (tape_backward from one of them ends at its first), which is then forgotten with all memory
 * that it took. Gradients of nodes before it would be, too, where it is the first to touch them:
 * op_grad_reserve gives a node the memory for its gradient in advance. */
typedef struct op_aside {
    tape_node *last;
    size_t used;
    tape_blocks blocks;
} op_aside;
void op_aside_begin(tape *t, op_aside *aside);
void op_aside_end(tape *t, const op_aside *aside);
void op_grad_reserve(tape *t, tape_node *node);

/* Key of the dropout draws of one token row at one site of the model: draws are counted by feature
 * (or, mixed once more with the head, by key position). Depends only on seed, step, example,
 * column, site and position. */
uint64_t op_dropout_key(const tape *t, const tape_layout *layout, size_t text, size_t position,
                        uint32_t site);

#endif
