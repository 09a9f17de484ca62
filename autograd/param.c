#include "autograd/param.h"

void tape_param_changed(tape_param *param) {
    param->version++;
}

void tape_param_clear_grad(tape_param *param) {
    param->has_grad = false;
    if (!param->sparse)
        return;
    tape_sparse *s = param->sparse;
    for (size_t i = 0; i < s->slots; i++)
        s->slot_of[s->row[i]] = 0;
    s->slots = 0;
}

real *tape_param_sparse_row(tape_param *param, uint32_t row, bool *fresh) {
    tape_sparse *s = param->sparse;
    *fresh = s->slot_of[row] == 0;
    if (*fresh) {
        s->row[s->slots++] = row;
        s->slot_of[row] = (uint32_t)s->slots;
    }
    return param->grad + (size_t)(s->slot_of[row] - 1) * param->cols;
}
