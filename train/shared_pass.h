/* A pass whose loss is built on leaves: its rows are encoded in parts, the shares of the ranks
 * (train/together.h), each share in micro-batches (the gradient cache of Gao et al. 2021, "Scaling
 * Deep Contrastive Learning Batch Size under Memory Limited Setup"); the loss of all rows is built
 * on their embeddings; then each part goes backwards from its rows of the embeddings' gradient. A
 * share of several micro-batches is encoded twice, with the same dropout masks, of which only the
 * second time keeps what backward needs: memory is that of one micro-batch. */
#ifndef TRAIN_SHARED_PASS_H
#define TRAIN_SHARED_PASS_H

#include "dist/dist.h"
#include "nn/model.h"
#include "train/batch.h"

typedef struct train_shared_pass train_shared_pass;

/* Room for passes of so many texts with `bytes` and `scratch` of tape for the loss alone. A
 * micro-batch has up to `cached` rows; 0: as many as the share. Ranks and model outlive it. */
train_shared_pass *train_shared_pass_new(const dist_ranks *ranks, const nn_model *model,
                                         size_t cached, size_t texts, size_t bytes, size_t scratch,
                                         base_error *error);
void train_shared_pass_free(train_shared_pass *p);

/* The pass. */
typedef struct train_shared_rows {
    const data_token_store *store;
    const uint32_t *rows; /* [count] */
    size_t count, first_example;
    const train_batch *batch; /* the same rows, filled: the columns and the target */
    const loss *objective;
    const tape_listener *listener; /* of the encoder's last backward; NULL: nobody */
} train_shared_rows;

/* Adds the own rows' gradients of upstream x loss to the model's parameters, and all rows' to the
 * loss's own; `encoder` is the tape for the encoder of a micro-batch. *value gets the loss of all
 * rows, the same bits on every rank. */
bool train_shared_pass_run(train_shared_pass *p, tape *encoder, const tape_mode *mode,
                           const train_shared_rows *rows, real upstream, double *value,
                           base_error *error);

void train_shared_pass_profile(train_shared_pass *p, base_profile *profile);

#endif
