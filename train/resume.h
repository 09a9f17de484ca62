/* Which checkpoint a run goes on from, and whether it may. */
#ifndef TRAIN_RESUME_H
#define TRAIN_RESUME_H

#include "train/checkpoint.h"
#include "train/config.h"

/* The newest checkpoint of the config's run folder. A config or data files (train/manifest.h) that
 * are not those of the checkpoint are an error; threads, output, log_every, checkpoint.*,
 * evaluation.*, epochs and max_steps may differ. NULL and no error when there is none. */
train_checkpoint *train_resume(const train_config *config, const cJSON *files, base_error *error);

#endif
