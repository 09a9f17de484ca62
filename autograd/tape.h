/* The tape: eager, linear, reverse-mode differentiation.
 *
 * An operator (op_linear(t, x, w, b), ops/) computes at once and appends a node; call order is a
 * topological order, so backward is one loop from a node to the first. All tensors are matrices
 * [rows, cols], row-major and dense.
 *
 * A tape is a value: several live at once, each used by one thread at a time. Values and saved
 * buffers lie in its arena; gradients of activations come from a pool of blocks, appear on first
 * touch and go back as soon as their producer's backward has run. After warm-up nothing is
 * allocated from the heap.
 *
 * Errors are sticky: the first failure is recorded (tape_error), later operators return NULL. */
#ifndef AUTOGRAD_TAPE_H
#define AUTOGRAD_TAPE_H

#include "autograd/kernels/kernel.h"
#include "autograd/layout.h"
#include "autograd/param.h"
#include "autograd/real.h"
#include "base/profile.h"
#include "base/random.h"

typedef struct tape tape;
typedef struct tape_node tape_node;
typedef struct op_def op_def;

enum { TAPE_MAX_INPUTS = 16 };

/* What operators read of a node (builders and losses: rows, cols, value). */
struct tape_node {
    const op_def *def; /* NULL for inputs and parameters */
    tape_node *in[TAPE_MAX_INPUTS];
    size_t inputs; /* in[i] may be NULL: an optional input that is absent */
    size_t rows, cols;
    real *value;
    const void *attr; /* the operator's settings, copied at the call */
    void *saved;      /* saved_bytes for backward; NULL when nothing is recorded */
    size_t saved_bytes;
    tape_param *param;
    bool wants_grad;
    size_t milestone; /* tape_listener; 0: none */

    /* Kept by the tape. */
    tape_node *previous;
    real *grad;
    bool has_grad, owns_value;
};

typedef struct tape_mode {
    bool record;  /* keep what backward needs; false: inference, released values are reused */
    bool dropout; /* draw dropout masks; false: dropout is the identity */
    bool all;     /* losses that draw some of their parts for a step take all of them */
    uint64_t seed, step; /* keys of every draw, with site, example, column, position, feature */
} tape_mode;

/* Address space, touched lazily: `bytes` for values, saved buffers and gradients, `scratch` for
 * what one operator takes while it runs (op_scratch_bytes). */
tape *tape_new(size_t bytes, size_t scratch, base_error *error);
void tape_free(tape *t);

/* Forgets all nodes and errors and starts a new forward pass. */
void tape_begin(tape *t, const tape_mode *mode);

const tape_mode *tape_get_mode(const tape *t);
base_error *tape_error(tape *t);

/* For what is chosen while operators are called: a stream that tape_begin starts anew, by seed and
 * step alone. */
base_random *tape_random(tape *t);

const kernel_table *tape_kernels(const tape *t);

/* Vector loops of another level from now on (tests). */
void tape_set_kernels(tape *t, const kernel_table *kernels);

/* A constant [rows, cols]; `values` are used in place and belong to the caller. */
tape_node *tape_input(tape *t, size_t rows, size_t cols, const real *values);

/* Memory for the rows * cols elements of a constant, until the next tape_begin; NULL after an
 * error. */
void *tape_memory(tape *t, size_t rows, size_t cols, size_t size);

/* A parameter; gradients accumulate in param->grad (none when that is NULL). */
tape_node *tape_leaf(tape *t, tape_param *param);

/* Gradients of `node` from `upstream` ([rows, cols] as the node; NULL: 1 for a [1, 1] node) back to
 * every parameter. The node need not be the last. False when an error is recorded. */
bool tape_backward(tape *t, tape_node *node, const real *upstream);

/* Who is told, between any two operators of backward, how far it has come: all that was called
 * after a node with a milestone has gone back when that number is told; elsewhere it is 0. */
typedef struct tape_listener {
    void (*back)(void *context, size_t milestone);
    void *context;
} tape_listener;

/* Tells it from now on; NULL: nobody. */
void tape_listen(tape *t, const tape_listener *listener);

/* The caller has made the node's last reader. In inference its value's memory is reused by later
 * operators; while recording nothing happens. */
void tape_release(tape *t, tape_node *node);

/* Most bytes of address space ever in use. */
size_t tape_peak_bytes(const tape *t);

/* Where every operator takes a lap from now on, named after it, phases "forward" and "backward";
 * NULL: none. */
void tape_set_profile(tape *t, base_profile *profile);

#endif
