/* A batch: the real tokens of all its texts one after the other, nothing padded
 * (docs/architecture.md, 1), as the tape reads it, and its targets, as the loss does.
 *
 * k text columns and B examples make S = k*B texts, column after column: text c*B + i is column c
 * of example i. For cross-encoders a text is a pair in one sequence, and there are first those of
 * an example's first text and each other one, then those of its first text and texts of other
 * examples. */
#ifndef TRAIN_BATCH_H
#define TRAIN_BATCH_H

#include "autograd/layout.h"
#include "data/token_store.h"
#include "losses/loss.h"
#include "train/teacher.h"

/* How many texts of other examples the first text of each is paired with, at most, drawn by seed,
 * step and example without repetition. */
typedef struct train_negatives {
    size_t count;
    uint64_t seed, step;
} train_negatives;

typedef struct train_batch {
    size_t columns;     /* k */
    tape_layout layout; /* of the S texts */
    loss_target target; /* of the B examples */

    train_negatives negatives; /* of pairs; for the caller to set before it fills */

    /* The batch's own memory. */
    uint32_t *start, *ids, *types, *example, *column, *skip, *label;
    uint32_t *choice; /* numbers of candidates of other examples, drawn for each example */
    double *score, *teacher;
    size_t texts_capacity, tokens_capacity, teacher_capacity, choices;
} train_batch;

/* Fills *batch with rows[0..count) of the store (count >= 1); first_example numbers them within the
 * whole batch, before it was cut into micro-batches. Memory grows only when a batch is larger than
 * any before (start with {0}). */
bool train_batch_fill(train_batch *batch, const data_token_store *store, const uint32_t *rows,
                      size_t count, size_t first_example, base_error *error);

/* Puts what a teacher says of the same rows into the target. */
bool train_batch_teach(train_batch *batch, const train_teacher_outputs *teacher,
                       const uint32_t *rows, size_t count, base_error *error);

/* k of a batch of `count` rows with so many negatives. False on overflow. */
bool train_batch_columns(const data_token_store *store, size_t count, size_t negatives,
                         size_t *columns);

/* Makes room for `texts` texts of at most `tokens` tokens in all, so that later fills do not
 * allocate. */
bool train_batch_reserve(train_batch *batch, size_t texts, size_t tokens, base_error *error);

void train_batch_free(train_batch *batch);

#endif
