/* What a run writes into the card of its model (README.md; nn_card in nn/model.h): data, recipe and
 * scores, in Markdown. */
#ifndef TRAIN_CARD_H
#define TRAIN_CARD_H

#include "train/evaluation.h"
#include "train/sources.h"

/* Fills data and recipe; files go by their last part. */
bool train_card_fill(nn_card *card, const train_config *config, const train_sources *sources,
                     size_t steps, base_error *error);

/* Forgets the scores; adds those of one dev evaluation after `step`. */
void train_card_clear_scores(nn_card *card);
bool train_card_add_scores(nn_card *card, size_t step, const train_evaluation *entry,
                           const eval_result *result, base_error *error);

#endif
