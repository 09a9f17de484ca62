#include "autograd/ops_table.h"

#include <math.h>

#define OP(name) extern const op_def op_##name##_def;
#include "autograd/ops.def"
#undef OP

const op_def *const op_table[] = {
#define OP(name) &op_##name##_def,
#include "autograd/ops.def"
#undef OP
    0,
};

bool op_scratch_bytes(const op_bounds *bounds, size_t *bytes) {
    enum { ALIGNMENT = 1 << 12 };
    double most = 0;
    for (const op_def *const *def = op_table; *def; def++)
        if ((*def)->scratch)
            most = fmax(most, (*def)->scratch(bounds));
    *bytes = most < (double)(SIZE_MAX / 2) ? (size_t)most + ALIGNMENT : 0;
    return *bytes > 0;
}
