/* The epochs of a run, planned: which rows of which corpus make the batch of each step.
 *
 * Several corpora take turns in each epoch, the batches of each spread evenly over it; the turns
 * depend on the numbers of batches and on shares alone. All is made again from the seed, so that a
 * step is a full position.
 *
 * Corpora of one window (data/window.h) are planned whole, and all epochs are simulated in advance.
 * With a larger one epochs are planned window by window as they come: an epoch is reckoned to have
 * as many batches of it as its rows fill, and the log says at its end when a sampler has made more
 * or fewer. The steps of the run stay those that were reckoned. */
#ifndef TRAIN_EPOCH_PLAN_H
#define TRAIN_EPOCH_PLAN_H

#include "data/sampler.h"

/* How many batches of an epoch are whose. Where an epoch ends before all batches of a corpus have
 * come, the others come in no epoch of that order: the next epoch draws another one. */
typedef enum train_turns {
    TRAIN_PROPORTIONAL, /* each corpus has all of its batches */
    TRAIN_ROUND_ROBIN,  /* each as many, until one has no more */
    TRAIN_BY_SHARE      /* in proportion to their shares, until one has no more; at least one */
} train_turns;

/* A corpus of the run. Pointers stay the caller's. */
typedef struct train_plan_corpus {
    const data_token_store *store;
    const char *sampler;
    size_t min_batch;
    const char *positives_of; /* a loss that finds positives and negatives of a row in its batch:
                               * batches must have rows of one label and of several; NULL: none */
    double share;             /* above 0; of TRAIN_BY_SHARE */
} train_plan_corpus;

typedef struct train_plan_options {
    size_t batch_size; /* rows of a step, all micro-batches of it together */
    uint64_t seed;
    train_turns turns;
    bool drop_last; /* whether batches with fewer rows than batch_size are dropped */
    double epochs;
    size_t max_steps;          /* 0: no bound */
    size_t window_rows, block; /* of data/window.h; 0: as it says */
} train_plan_options;

typedef struct train_epoch_plan train_epoch_plan;

/* Simulates or reckons all epochs, or as many as max_steps needs; a part of an epoch at the end
 * (epochs 1.5) is that part of its steps, rounded up. */
train_epoch_plan *train_plan_new(const train_plan_corpus *corpora, size_t count,
                                 const train_plan_options *options, base_error *error);
void train_plan_free(train_epoch_plan *plan);

/* Steps of the whole run; epochs that they make, such as 1.5. */
size_t train_plan_steps(const train_epoch_plan *plan);
double train_plan_epochs(const train_epoch_plan *plan);

/* Rows that came into no batch, and into smaller ones, over the epochs simulated; 0 where they are
 * planned as they come. */
size_t train_plan_dropped(const train_epoch_plan *plan);
size_t train_plan_conflicting(const train_epoch_plan *plan);

/* The batch of one step. */
typedef struct train_plan_batch {
    size_t corpus;        /* index */
    const uint32_t *rows; /* [count], until the next call */
    size_t count;
    size_t epoch;    /* 0-based */
    double progress; /* epochs done when the step is done, such as 0.25 */
    bool ends_epoch;
} train_plan_batch;

/* Goes to a step (0-based, < steps); following calls of next start there. Where epochs are planned
 * as they come, all windows before are planned again. */
bool train_plan_seek(train_epoch_plan *plan, size_t step, base_error *error);

/* The next step's batch. Allocates nothing once an epoch's plans have been made. */
bool train_plan_next(train_epoch_plan *plan, train_plan_batch *batch, base_error *error);

#endif
