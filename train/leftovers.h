/* What writes that were broken off (killed) leave: NAME.part-PID and NAME.old-PID. */
#ifndef TRAIN_LEFTOVERS_H
#define TRAIN_LEFTOVERS_H

#include "base/error.h"

/* Removes them from a folder; a missing folder is fine. */
bool train_leftovers_remove(const char *folder, base_error *error);

#endif
