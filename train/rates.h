/* Learning rates and weight decay of single parameters, by their layer and by their names. */
#ifndef TRAIN_RATES_H
#define TRAIN_RATES_H

#include "train/trained.h"

/* Tells the optimizer what layer_decay and `parameters` say; a later entry of `parameters` goes
 * before an earlier one, and any before what layer_decay and loss.* say. A tensor is called
 * "SET.NAME", NAME as files have it. An error is a pattern that is none, or that matches no trained
 * tensor, or a part of one; and a layer_decay for an encoder without layers. */
bool train_rates_apply(const train_trained *trained, const train_config *config,
                       const nn_model *model, base_error *error);

#endif
