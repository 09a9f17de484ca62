/* The trainer: a config to a fine-tuned model in a run folder (docs/architecture.md, 6).
 *
 * Nothing is printed; events tell the caller how it goes. The same seed gives the same bits with
 * any number of threads, and a run that was stopped and resumed those of one that was not. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "base/profile.h"
#include "dist/dist.h"
#include "nn/model.h"
#include "train/evaluation.h"
#include "train/run_folder.h"
#include "train/summary.h"

/* How a run ended. */
typedef struct train_outcome {
    size_t step, steps;
    bool stopped;       /* by the caller; a checkpoint was written */
    bool resumable;     /* from that checkpoint */
    bool early;         /* by patience */
    const char *metric; /* that kept the best model; NULL: the last one was kept */
    bool has_best;

    double best;
    bool plain; /* people see it as it is; else times 100 */
    size_t best_step;
    const char *model_folder; /* the trainer's; NULL when there is none yet */
    double seconds;           /* of all steps of this process */
    double pairs_per_second;
} train_outcome;

/* Every member may be NULL. */
typedef struct train_events {
    void *context;
    void (*stepped)(void *context, const train_progress *progress);
    void (*evaluated)(void *context, size_t step, const train_evaluation *entry,
                      const eval_result *result);
    void (*saved)(void *context, const char *what, size_t step); /* "best model", "checkpoint" */
    /* Asked before each step, and in an evaluation before each pass: true ends the run in good
     * order, with a checkpoint; an evaluation that was broken off is made again on resume. Asked as
     * well while corpora are tokenised: true ends train_trainer_new. */
    bool (*stop)(void *context);
    /* What goes on, "tokenising" or "evaluating", and how far it is: `done` of `total` texts of a
     * corpus; of tokenising also the end, done == total. */
    void (*working)(void *context, const char *what, size_t done, size_t total);
} train_events;

typedef struct train_trainer train_trainer;

/* Reads model, corpora and, to resume, the newest checkpoint. Nothing is written. The config, in
 * which what the trainer chooses is resolved, ranks and events outlive the trainer. Of several
 * ranks (NULL: this process alone; train/together.h) each makes a trainer of the same config, and
 * rank 0 alone owns the run folder, evaluates and saves. */
train_trainer *train_trainer_new(train_config *config, train_start start, dist_ranks *ranks,
                                 const train_events *events, base_error *error);
void train_trainer_free(train_trainer *trainer);

train_summary train_trainer_summary(const train_trainer *trainer);

/* Makes the first step, twice, to time it: seconds, and memory of the tape in bytes. The trainer
 * is of no use for training after that. */
bool train_trainer_try(train_trainer *trainer, double *seconds, size_t *tape_bytes,
                       base_error *error);

/* Trains to the end, or until events->stop. */
bool train_trainer_run(train_trainer *trainer, train_outcome *outcome, base_error *error);

/* Where the run takes laps: data, operators, optimizer, log, evaluation, checkpoint; NULL: none. */
void train_trainer_profile(train_trainer *trainer, base_profile *profile);

#endif
