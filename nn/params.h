/* Parameter sets: flat blocks of values and, for trainable tensors only, of gradients, m and v.
 *
 * A set is declared (nn_params_add, nn_params_view), then allocated once, then filled from a file
 * or by init. Tensors are what operators see; views are the names and shapes that files have: one
 * fused [3H,H] tensor can be three views. All blocks are 64-byte aligned, each tensor starts
 * aligned. */
#ifndef NN_PARAMS_H
#define NN_PARAMS_H

#include "autograd/param.h"
#include "base/random.h"

#include <stddef.h>

typedef enum nn_init {
    NN_INIT_ZERO,
    NN_INIT_ONE,
    NN_INIT_NORMAL,  /* N(0, scale) */
    NN_INIT_UNIFORM, /* U(-scale, scale) */
} nn_init;

typedef struct nn_param_spec {
    const char *name;  /* copied; unique in the set */
    size_t rows, cols; /* rows 0: a vector, one row */
    bool decay;        /* weight decay applies */
    bool sparse;       /* an embedding table: row-sparse gradient */
    bool linear;       /* the weights of a linear layer, which can have adapters (nn/lora.h) */
    nn_init init;
    double scale;
} nn_param_spec;

/* A named part of a tensor as files have it: elements [offset, offset + product of dims) of the
 * tensor, row-major. */
typedef struct nn_param_view {
    const char *name;
    size_t param; /* index of the tensor */
    size_t offset;
    size_t dims[2], dim_count; /* {H} for a vector, {O, I} for a matrix */
} nn_param_view;

typedef struct nn_params nn_params;

nn_params *nn_params_new(base_error *error);
void nn_params_free(nn_params *set);

/* Declares a tensor and returns its index (SIZE_MAX and an error on failure: overflow, twin name).
 */
size_t nn_params_add(nn_params *set, const nn_param_spec *spec, base_error *error);

/* Declares a file name for a part of tensor view->param (strings are copied). */
bool nn_params_view(nn_params *set, const nn_param_view *view, base_error *error);

/* nn_params_add of a tensor that files have whole, under its own name. */
size_t nn_params_add_whole(nn_params *set, const nn_param_spec *spec, base_error *error);

/* Allocates the values, not touched. No more tensors can be added after. */
bool nn_params_allocate(nn_params *set, base_error *error);

/* Fills every tensor by its init; each tensor draws from a stream of (seed, its name). */
void nn_params_init(nn_params *set, uint64_t seed);

/* Whether its spec says that it is a linear layer's. */
bool nn_params_is_linear(const nn_params *set, size_t param);

/* Freezes a tensor (before nn_params_train): it gets no gradient, m or v and is never changed. */
void nn_params_freeze(nn_params *set, size_t param);

/* Freezes all of them. */
void nn_params_freeze_all(nn_params *set);

/* Gives a tensor that was declared sparse a gradient for every row (before nn_params_train): for
 * tables of which all rows are read, not only those that are looked up. */
void nn_params_make_dense(nn_params *set, size_t param);

/* Allocates gradient, m and v (zero) of every tensor that is not frozen. */
bool nn_params_train(nn_params *set, base_error *error);

size_t nn_params_count(const nn_params *set);
tape_param *nn_params_at(nn_params *set, size_t param);
size_t nn_params_find(const nn_params *set, const char *name); /* SIZE_MAX: none */

/* The gradients of all dense tensors that train, one block of *count numbers to reduce, to scale or
 * to take the norm of at once; NULL before nn_params_train. Tensors start aligned, 0 lies between
 * them, and tensors that this step has not touched are set to 0. Row-sparse gradients are not in
 * it: which rows they hold is in their tape_sparse. */
real *nn_params_gradients(nn_params *set, size_t *count);

/* The same of those among `tensors` tensors, from `first` on. */
real *nn_params_gradients_of(nn_params *set, size_t first, size_t tensors, size_t *count);

/* First and second moment of a tensor ([rows, cols]; NULL when frozen). */
real *nn_params_m(nn_params *set, size_t param);
real *nn_params_v(nn_params *set, size_t param);

size_t nn_params_views(const nn_params *set);
const nn_param_view *nn_params_view_at(const nn_params *set, size_t view);

/* Elements of all tensors; of the trainable ones. */
size_t nn_params_elements(const nn_params *set);
size_t nn_params_trainable(const nn_params *set);

/* To be called after a change of all values: tape_param_changed for each tensor. */
void nn_params_changed(nn_params *set);

#endif
