/* The safetensors file format: 8 bytes little-endian header length, JSON header, data.
 *
 * Reads and writes F32, F16 and BF16. The header is checked whole before any data is used: offsets
 * in order, inside the file, sizes equal to shape times dtype, no overlaps, no overflow. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H

#include "base/error.h"
#include "nn/dtype.h"

#include <stddef.h>
#include <stdint.h>

enum { NN_MAX_DIMS = 8 };

typedef struct nn_safetensors nn_safetensors;

typedef struct nn_tensor_info {
    nn_safetensors *file; /* that has it */
    const char *name;
    const char *dtype; /* as in the file: "F32", "I64", ... */
    size_t dims[NN_MAX_DIMS], dim_count, elements;
    uint64_t begin, end; /* bytes of its data, from the start of the file */
} nn_tensor_info;

/* Opens and checks the header; no data is read. Free with nn_safetensors_close. */
nn_safetensors *nn_safetensors_open(const char *path, base_error *error);
void nn_safetensors_close(nn_safetensors *file);

size_t nn_safetensors_count(const nn_safetensors *file);
const nn_tensor_info *nn_safetensors_at(const nn_safetensors *file, size_t i);
const nn_tensor_info *nn_safetensors_find(const nn_safetensors *file,
                                          const char *name); /* or NULL */

/* Reads a tensor's data, converted, straight into out[elements]. */
bool nn_safetensors_read(nn_safetensors *file, const nn_tensor_info *tensor, real *out,
                         base_error *error);

/* Reads a tensor's raw bytes (of a tensor that is kept as it is). */
bool nn_safetensors_read_raw(nn_safetensors *file, const nn_tensor_info *tensor, void *out,
                             base_error *error);

/* A tensor to write: `values`, or, when `raw` is set, these bytes of the type `raw_dtype`. */
typedef struct nn_tensor_source {
    const char *name;
    size_t dims[NN_MAX_DIMS], dim_count;
    const real *values;
    const void *raw;
    const char *raw_dtype;
    const nn_dtype *dtype; /* in the file; NULL: F32, and of raw bytes theirs, which those that are
                            * no weights keep in any case */
} nn_tensor_source;

/* Writes path (metadata {"format": "pt"}; tensors sorted by name as the reference writer does). A
 * number that is too large for its type is an error that names the tensor. */
bool nn_safetensors_write(const char *path, const nn_tensor_source *tensors, size_t count,
                          base_error *error);

#endif
