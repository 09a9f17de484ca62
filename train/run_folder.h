/* The folder of a run: config.json (resolved), log.jsonl, evaluations.jsonl, model/ (the best, or
 * the last when nothing is evaluated), checkpoints/. */
#ifndef TRAIN_RUN_FOLDER_H
#define TRAIN_RUN_FOLDER_H

#include "eval/evaluator.h"
#include "train/config.h"
#include "train/progress.h"

typedef enum train_start {
    TRAIN_NEW,      /* the folder must not exist, or be empty */
    TRAIN_RESUME,   /* goes on from the newest checkpoint; without one anew */
    TRAIN_OVERWRITE /* a run folder that exists is removed */
} train_start;

/* Refuses a folder that is there when it must not be, one that is no run folder, and one that
 * cannot be made or written. Changes nothing. */
bool train_run_check(const char *folder, train_start start, base_error *error);

typedef struct train_run train_run;

/* Makes the folder, or goes on with it: then lines of later steps than `step` go from the logs
 * (0: a new run; an old folder is removed). */
train_run *train_run_open(const char *folder, const cJSON *config, size_t step, base_error *error);
void train_run_close(train_run *run);

/* Appends a line to log.jsonl, or to evaluations.jsonl. */
bool train_run_log(train_run *run, const train_progress *progress, base_error *error);
bool train_run_log_evaluation(train_run *run, size_t step, double epoch,
                              const train_evaluation *entry, const eval_result *result,
                              base_error *error);

#endif
