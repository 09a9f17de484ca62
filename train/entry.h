/* What an entry of train.data asks of its rows, and the rules that it and its loss must keep, which
 * are looked at before any file is read. */
#ifndef TRAIN_ENTRY_H
#define TRAIN_ENTRY_H

#include "losses/loss.h"
#include "train/config.h"

/* Whether its rows are made of labelled pairs: positives or triplets. */
bool train_entry_makes_rows(const train_data *entry);

/* What its rows must have; a teacher stands in for the target of a loss that takes either. */
data_target_kind train_entry_target(const train_data *entry, const loss_def *def);

/* Whether the loss goes with the task, the rows and the batches of entry i, and no key of it does
 * nothing. BASE_BAD_INPUT with the key's path if not. */
bool train_entry_check(const train_config *config, const loss_def *def, size_t i,
                       base_error *error);

/* Batches of `rows` rows are cut into micro-batches of nearly equal size: none may be smaller than
 * the loss needs. */
bool train_entry_check_micro_batches(const train_config *config, const loss_def *def, size_t rows,
                                     base_error *error);

#endif
