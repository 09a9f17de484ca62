/* What the ranks of a job (dist/dist.h) do together when they train: they check that they are about
 * to do the same, share the rows of a batch, and add up their gradients.
 *
 * Every rank has the whole corpus, plan and model, and encodes a share of each batch's rows. The
 * embeddings of all go to all, and each rank computes the loss of the whole batch and the gradient
 * of every embedding, so that the rows of all ranks are each other's negatives, exactly. Backward
 * through the encoder is of the own rows alone; the sum over the ranks is the gradient of the
 * batch. Dropout is keyed by the example in the whole batch, so that its masks do not know ranks.
 */
#ifndef TRAIN_TOGETHER_H
#define TRAIN_TOGETHER_H

#include "dist/dist.h"
#include "train/trained.h"

/* Whether all ranks are well so far and have the same program, kernels and config (dist_agree). */
bool train_together_begin(dist_ranks *ranks, const train_config *config, base_error *error);

/* Refuses what several ranks cannot do: losses that read layers or decode, cross-encoders, a batch
 * smaller than the ranks. And names what differs between them: program, kernels, config, data, the
 * step that is resumed, the weights. The same on every rank (dist_agree). */
bool train_together_check(dist_ranks *ranks, const train_config *config,
                          const train_sources *sources, const cJSON *files, size_t step,
                          const train_trained *trained, base_error *error);

/* Cuts rows into one range for each rank, with about an equal part of the tokens each: first[0 ..
 * size], of which the last is count. A share may be empty. */
void train_together_share(const dist_ranks *ranks, const data_token_store *store,
                          const uint32_t *rows, size_t count, size_t *first);

#endif
