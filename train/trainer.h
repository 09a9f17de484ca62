/* The trainer: a config to a fine-tuned model in a run folder (docs/architecture.md, 6).
 *
 * Nothing is printed; events tell the caller how it goes. The same seed gives the same bits with
 * any number of threads, and a run that was stopped and resumed those of one that was not. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H

#include "base/profile.h"
#include "nn/model.h"
#include "train/evaluation.h"
#include "train/run_folder.h"

/* What a run will be; known before its first step. */
typedef struct train_outlook {
    size_t rows, skipped,
        replaced;            /* of the files; skipped: label "-"; replaced: ill-formed UTF-8 */
    size_t unused;           /* rows that are neither positive nor a hard negative */
    size_t truncated, texts; /* of all texts, those cut to the model's length */
    size_t length[4];        /* in ids: 50, 90, 99 and 100 per cent are no longer */
    size_t steps, epochs, batch_rows;
    size_t dropped, conflicting;        /* rows in batches too small; in smaller last batches */
    size_t first_step;                  /* where a resumed run goes on */
    size_t elements, trainable;         /* numbers of the model and its losses */
    size_t parameter_bytes, tape_bytes; /* memory; the tape's is address space, touched lazily */
} train_outlook;

/* How a run ended. */
typedef struct train_outcome {
    size_t step, steps;
    bool stopped;       /* by the caller; a checkpoint was written */
    bool early;         /* by patience */
    const char *metric; /* that kept the best model; NULL: the last one was kept */
    bool has_best;
    double best;
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
    bool (*stop)(void *context);                                 /* asked before each step */
} train_events;

typedef struct train_trainer train_trainer;

/* The model that a config starts from: a folder, or random weights. Free with nn_model_free. */
nn_model *train_model_new(const train_config *config, base_error *error);

/* Reads model, corpora and, to resume, the newest checkpoint. Nothing is written. The config and
 * events outlive the trainer. */
train_trainer *train_trainer_new(const train_config *config, train_start start,
                                 const train_events *events, base_error *error);
void train_trainer_free(train_trainer *trainer);

train_outlook train_trainer_outlook(const train_trainer *trainer);

/* Makes the first step, twice, to time it: seconds, and memory of the tape in bytes. The trainer
 * is of no use for training after that. */
bool train_trainer_try(train_trainer *trainer, double *seconds, size_t *tape_bytes,
                       base_error *error);

/* Trains to the end, or until events->stop. */
bool train_trainer_run(train_trainer *trainer, train_outcome *outcome, base_error *error);

/* Where the run takes laps: data, operators, optimizer, log, evaluation, checkpoint; NULL: none. */
void train_trainer_profile(train_trainer *trainer, base_profile *profile);

#endif
