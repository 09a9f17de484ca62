#include "autograd/ops_table.h"

#define OP(name) extern const op_def op_##name##_def;
#include "autograd/ops.def"
#undef OP

const op_def *const op_table[] = {
#define OP(name) &op_##name##_def,
#include "autograd/ops.def"
#undef OP
    0,
};
