/* The folder of a run: config.json (resolved), log.jsonl, evaluations.jsonl, TensorBoard's events
 * when they are wanted (train/tensorboard.h), model/ (the best, or
 * the last when nothing is evaluated), checkpoints/, and run.lock while a process works in it.
 * Other files in it are the user's and stay; the folder may be a link to one. */
#ifndef TRAIN_RUN_FOLDER_H
#define TRAIN_RUN_FOLDER_H

#include "eval/evaluator.h"
#include "train/checkpoint.h"
#include "train/evaluation.h"
#include "train/progress.h"

typedef enum train_start {
    TRAIN_NEW,       /* the folder must not exist, or be empty */
    TRAIN_RESUME,    /* goes on from the newest checkpoint */
    TRAIN_EXTEND,    /* the same, with other epochs or max_steps: see train/resume.h */
    TRAIN_OVERWRITE, /* a run that is there is replaced */
    TRAIN_LOOK       /* a dry run: nothing is written, so a run that goes on does not matter */
} train_start;

/* Refuses a folder that is there when it must not be, one that is no run folder, one that cannot be
 * made or written, one in which another process works, and one whose checkpoints the config starts
 * from when they would be removed. Changes nothing. */
bool train_run_check(const train_config *config, train_start start, base_error *error);

/* Fails when the disk has plainly less than the run takes: not enough free beside what an older run
 * there will give back, or not enough for a first checkpoint beside it. Sizes in MiB. */
bool train_run_check_space(const char *folder, const train_space *space, base_error *error);

typedef struct train_run train_run;

/* Makes the folder or goes on with it, and locks it until train_run_close; checks again what
 * train_run_check did, for another process may have been first. At step 0 a run that is there is
 * set aside, but for its model/, which stays until base_output_folder replaces it; at a later one
 * lines of later steps go from the logs. */
train_run *train_run_open(const train_config *config, train_start start, size_t step,
                          base_error *error);
void train_run_close(train_run *run);

/* Adds to the recorded sentence what of the run is safe and how to go on. Returns false. */
bool train_run_say_safe(const char *folder, base_error *error);

/* After a model or checkpoint was saved: removes what was set aside and what killed writes left. */
bool train_run_clean(const char *folder, base_error *error);

/* What one entry's evaluation came to. */
typedef struct train_evaluated {
    size_t step;
    double epoch;
    const train_evaluation *entry;
    const eval_result *result;
    const train_decider *decider;
    const eval_value *score; /* by the decider; NULL: another entry has it */
} train_evaluated;

/* Appends a line to log.jsonl, or to evaluations.jsonl, and the same numbers to the event file. */
bool train_run_log(train_run *run, const train_progress *progress, base_error *error);
bool train_run_log_evaluation(train_run *run, const train_evaluated *evaluated, base_error *error);

#endif
