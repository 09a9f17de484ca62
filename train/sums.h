/* Sums of the gradients over the ranks of a job (dist/dist.h). Those of the encoder's layers begin
 * while backward still runs, from the last layer down, each as soon as nothing is added to it any
 * more; the rest (embeddings, modules, adapters) follows when it is over. The same number of ranks
 * gives the same bits. */
#ifndef TRAIN_SUMS_H
#define TRAIN_SUMS_H

#include "dist/dist.h"
#include "train/trained.h"

typedef struct train_sums train_sums;

/* Of what is trained of the model; both outlive it, and the ranks. */
train_sums *train_sums_new(const dist_ranks *ranks, const nn_model *model,
                           const train_trained *trained, base_error *error);
void train_sums_free(train_sums *s);

/* For the encoder's tape in the last backward of a step, whichever ranks have one (tape_listen).
 * Gradients of layers that it has passed are neither read nor written until train_sums_finish
 * returns. NULL: there is one rank. */
const tape_listener *train_sums_listener(train_sums *s);

/* The gradients of all ranks become their sum, but for those of losses' own parameters, which are
 * of the whole batch on each rank already. Of an embedding table the rows that any rank has touched
 * have a gradient then, and are made current. */
bool train_sums_finish(train_sums *s, base_error *error);

#endif
