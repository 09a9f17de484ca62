/* Which checkpoint a run goes on from, and whether it may. */
#ifndef TRAIN_RESUME_H
#define TRAIN_RESUME_H

#include "train/checkpoint.h"
#include "train/config.h"

/* The newest checkpoint of the config's run folder; an error when there is none, and when the
 * config or the data files (train/manifest.h) are not those of the checkpoint. These keys may
 * differ: threads, output, log_every, tensorboard, memory_limit, recompute, cache.*, checkpoint.*
 * and evaluation.*, which change no bit of a step; and with `extend` also epochs and max_steps,
 * which change the learning rate of the steps to come, for the schedule is stretched over the new
 * number of steps. What the run has chosen, labels and a batch_size for "auto", is put into the
 * config. */
train_checkpoint *train_resume(train_config *config, bool extend, const cJSON *files,
                               base_error *error);

/* Forgets the best score, with a warning, when another metric or another file decides now (NULL:
 * none does): scores of two cannot be compared. */
void train_resume_score(const train_checkpoint *checkpoint, const char *metric, const char *file,
                        train_position *position);

#endif
