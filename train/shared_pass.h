/* A pass whose rows several ranks encode (train/together.h): forward of the own share, the loss of
 * all rows on leaves, backward of the own share. */
#ifndef TRAIN_SHARED_PASS_H
#define TRAIN_SHARED_PASS_H

#include "dist/dist.h"
#include "nn/model.h"
#include "train/batch.h"

typedef struct train_shared_pass train_shared_pass;

/* Room for passes of so many texts with `bytes` of tape values (of the whole pass, of which little
 * is touched). Ranks and model outlive it. */
train_shared_pass *train_shared_pass_new(const dist_ranks *ranks, const nn_model *model,
                                         size_t texts, size_t bytes, size_t scratch,
                                         base_error *error);
void train_shared_pass_free(train_shared_pass *p);

/* The pass. */
typedef struct train_shared_rows {
    const data_token_store *store;
    const uint32_t *rows; /* [count] */
    size_t count, first_example;
    const train_batch *batch; /* the same rows, filled: the columns and the target */
    const loss *objective;
} train_shared_rows;

/* Adds the own rows' gradients of upstream x loss to the model's parameters, and all rows' to the
 * loss's own; `encoder` is the tape for the encoder. *value gets the loss of all rows, the same
 * bits on every rank. */
bool train_shared_pass_run(train_shared_pass *p, tape *encoder, const tape_mode *mode,
                           const train_shared_rows *rows, real upstream, double *value,
                           base_error *error);

void train_shared_pass_profile(train_shared_pass *p, base_profile *profile);

#endif
