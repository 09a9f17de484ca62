/* The gradients of one step: forward and backward over the micro-batches of a batch.
 *
 * A batch of n rows goes through in ceil(n / batch_size) passes of nearly equal size; each pass is
 * one forward over all its texts, split by column for the loss. The loss is the mean over the n
 * rows, so that accumulation equals the large batch for losses that are means over rows; dropout is
 * keyed by the example in the whole batch. */
#ifndef TRAIN_STEP_H
#define TRAIN_STEP_H

#include "dist/dist.h"
#include "train/batch.h"
#include "train/optimizer.h"
#include "train/sources.h"

typedef struct train_stepper train_stepper;

typedef struct train_step_options {
    size_t batch_size; /* most rows of a pass */
    size_t cached;     /* rows of a micro-batch of the gradient cache; 0: none */
    uint64_t seed;
    const dist_ranks *ranks; /* outlives the stepper; NULL: this process alone */
    /* Of the encoder's last backward of a step, where the loss is built on leaves; NULL: nobody. */
    const tape_listener *listener;
} train_step_options;

/* Room for passes of any source. Nothing is allocated later. With `cached`, or several ranks, the
 * loss is built on leaves (train/shared_pass.h), and the gradients of the model are those of this
 * rank's rows alone. */
train_stepper *train_stepper_new(const nn_model *model, const train_sources *sources,
                                 const train_step_options *options, base_error *error);
void train_stepper_free(train_stepper *stepper);

/* Address space of the tapes for passes of so many rows, which is the most that they use. False on
 * overflow. */
bool train_stepper_bytes(const nn_model *model, const train_sources *sources, size_t batch_size,
                         size_t cached, size_t *bytes);

/* What a step came to. */
typedef struct train_step_result {
    double loss; /* mean over the rows, before the entry's weight */
    size_t rows, texts, tokens;
} train_step_result;

/* Adds the gradients of rows[0..count) of a source to the parameters, with the dropout masks of
 * `step`. `optimizer` makes the embedding rows current that are read (NULL: they are). */
bool train_stepper_run(train_stepper *stepper, const train_source *source, const uint32_t *rows,
                       size_t count, uint64_t step, train_optimizer *optimizer,
                       train_step_result *result, base_error *error);

/* "lines 4, 17, 30 (and 13 more) of FILE": which rows a step was made of. Returns out. */
const char *train_step_rows(const train_source *source, const uint32_t *rows, size_t count,
                            char *out, size_t size);

/* Address space reserved for the tapes, and the most that the encoder's used. */
size_t train_stepper_reserved(const train_stepper *stepper);
size_t train_stepper_peak(const train_stepper *stepper);

/* Where data, look-ups and operators take laps from now on; NULL: none. */
void train_stepper_profile(train_stepper *stepper, base_profile *profile);

#endif
