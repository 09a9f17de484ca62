/* How many rows a forward pass has, where memory decides: "batch_size": "auto".
 *
 * What a batch takes is what the tape reserves for it (train/step.h): texts of the longest length
 * that the data has, in every column. So the choice holds for every batch to come, is the same on
 * every machine, and is far from tight where few texts are long. */
#ifndef TRAIN_BATCH_SIZE_H
#define TRAIN_BATCH_SIZE_H

#include "train/sources.h"
#include "train/trained.h"

/* Puts the rows into the config, the field and the resolved tree. */
bool train_batch_size_set(train_config *config, size_t rows, base_error *error);

/* Chooses the most rows that fit into memory_limit together with all parameters, that samplers and
 * losses take, and that a corpus has; says so, and puts them into the config. A number that is set
 * already must fit the limit, where there is one. */
bool train_batch_size_settle(train_config *config, const nn_model *model,
                             const train_sources *sources, const train_trained *trained,
                             base_error *error);

#endif
