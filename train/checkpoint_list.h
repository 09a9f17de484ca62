/* The checkpoints of a run by their folders' names. */
#ifndef TRAIN_CHECKPOINT_LIST_H
#define TRAIN_CHECKPOINT_LIST_H

#include "base/error.h"

/* RUN/checkpoints/step-NNNNNNNNN; heap. */
char *train_checkpoint_path(const char *run, size_t step, base_error *error);

/* Steps of all finished checkpoints, newest first; free(). *count 0 when there are none. */
size_t *train_checkpoint_steps(const char *run, size_t *count, base_error *error);

/* Keeps `keep` checkpoints, the one at step `newest` and those before it, and removes the others:
 * older ones, and later ones of a course that was left (damaged ones that were passed over).
 * Removes also what broken-off writes left behind. */
bool train_checkpoint_prune(const char *run, size_t newest, size_t keep, base_error *error);

#endif
