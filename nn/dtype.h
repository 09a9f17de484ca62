/* Element types of the safetensors format. */
#ifndef NN_DTYPE_H
#define NN_DTYPE_H

#include "autograd/real.h"

#include <stddef.h>

typedef struct nn_dtype {
    const char *name; /* as in the file's header */
    size_t size;      /* bytes of an element */
    /* Converts n little-endian elements (unaligned bytes are fine) exactly; NULL when the type is
     * not a weight's. */
    void (*to_real)(const unsigned char *bytes, size_t n, real *out);
} nn_dtype;

/* By name; NULL when unknown. */
const nn_dtype *nn_dtype_find(const char *name);

#endif
