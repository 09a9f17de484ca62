/* Element types of the safetensors format. */
#ifndef NN_DTYPE_H
#define NN_DTYPE_H

#include "autograd/real.h"

#include <stdbool.h>
#include <stddef.h>

/* Elements are little-endian and need not be aligned. */
typedef struct nn_dtype {
    const char *name;  /* as in the file's header: "F32" */
    size_t size;       /* bytes of an element */
    const char *torch; /* as config.json has it: "float32"; NULL, and so is all below: no type of
                        * weights */
    void (*to_real)(const unsigned char *bytes, size_t n, real *out); /* exact */
    /* Rounds to the nearest value, of two equally near ones to the even one (IEEE 754, 4.3.1).
     * False when a finite value is beyond the largest of the type. */
    bool (*from_real)(const real *values, size_t n, unsigned char *out);
} nn_dtype;

/* By name; NULL when unknown. */
const nn_dtype *nn_dtype_find(const char *name);

/* Types of weights as command lines and configs call them, NULL-terminated, and number i of them.
 */
const char *const *nn_dtype_options(void);
const nn_dtype *nn_dtype_at(size_t i);

#endif
