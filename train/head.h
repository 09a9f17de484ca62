/* First numbers of the losses' own parameters. */
#ifndef TRAIN_HEAD_H
#define TRAIN_HEAD_H

#include "train/sources.h"

/* Draws the parameters of every loss by seed; those of the first loss that has any, *head (NULL:
 * none has), come from loss.head if that is set, whose labels must then be its own. `resumed`: a
 * checkpoint will bring them all. Warns when the model ends in unit vectors and a loss classifies.
 */
bool train_head_start(const train_config *config, const nn_model *model,
                      const train_sources *sources, bool resumed, const loss **head,
                      base_error *error);

#endif
