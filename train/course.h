/* The course of a run: which rows of which corpus make the batch of each step.
 *
 * Several corpora take turns in each epoch, each spread evenly over it; the turns depend on the
 * numbers of batches alone. All is made again from the seed, so that a step is a full position. */
#ifndef TRAIN_COURSE_H
#define TRAIN_COURSE_H

#include "data/sampler.h"

/* A corpus of the run. Pointers stay the caller's. */
typedef struct train_course_corpus {
    const data_token_store *store;
    const char *sampler;
    size_t min_batch;
} train_course_corpus;

typedef struct train_course train_course;

/* Simulates all epochs, or as many as max_steps (0: no bound) needs. `batch_size` rows make a step
 * (all micro-batches of it together). */
train_course *train_course_new(const train_course_corpus *corpora, size_t count, size_t batch_size,
                               uint64_t seed, size_t epochs, size_t max_steps, base_error *error);
void train_course_free(train_course *course);

/* Steps of the whole run; whole and last epochs of it. */
size_t train_course_steps(const train_course *course);
size_t train_course_epochs(const train_course *course);

/* Rows that the samplers dropped, and put into smaller batches, over the epochs simulated. */
size_t train_course_dropped(const train_course *course);
size_t train_course_conflicting(const train_course *course);

/* The batch of one step. */
typedef struct train_course_batch {
    size_t corpus;        /* index */
    const uint32_t *rows; /* [count], until the next call */
    size_t count;
    size_t epoch;    /* 0-based */
    double progress; /* epochs done when the step is done, such as 0.25 */
    bool ends_epoch;
} train_course_batch;

/* Goes to a step (0-based, < steps); following calls of next start there. */
bool train_course_seek(train_course *course, size_t step, base_error *error);

/* The next step's batch. Allocates nothing once every epoch's plan has been made. */
bool train_course_next(train_course *course, train_course_batch *batch, base_error *error);

#endif
