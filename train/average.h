/* Exponential moving average of all trained parameters, which is evaluated and saved in place of
 * the last ones (Polyak & Juditsky 1992; the warm-up of the decay is that of TensorFlow's
 * ExponentialMovingAverage with num_updates):
 *
 *     average = average + (1 - d) (value - average),  d = min(decay, (1 + step) / (10 + step))
 *
 * after update 1, 2, ..., from the first values on. */
#ifndef TRAIN_AVERAGE_H
#define TRAIN_AVERAGE_H

#include "train/tensors.h"

/* Gives every set its averages, which are the values of now; after nn_params_train. The sets' are
 * released by train_average_release, also after a failure. */
bool train_average_start(train_set *sets, size_t count, base_error *error);
void train_average_release(train_set *sets, size_t count);

/* Takes in the values after update `step`, all rows of which are current. */
void train_average_update(const train_set *sets, size_t count, size_t step, double decay);

/* Exchanges values and averages: the model is the averaged one until the next call. Nothing happens
 * to sets without averages. */
void train_average_swap(const train_set *sets, size_t count);

#endif
