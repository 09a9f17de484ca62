#include "autograd/profile.h"

tape_profile_row *tape_profile_find(tape_profile *profile, const op_def *def) {
    for (size_t i = 0; i < profile->rows; i++)
        if (profile->row[i].def == def)
            return &profile->row[i];
    if (profile->rows == TAPE_PROFILE_ROWS)
        return &profile->row[TAPE_PROFILE_ROWS - 1];
    profile->row[profile->rows] = (tape_profile_row){.def = def};
    return &profile->row[profile->rows++];
}
