/* AdamW over several parameter sets, with the clipping of all gradients together.
 *
 * A step is: look_up (before the forward pass), forward and backward, norm, update. Sums have a
 * grid that depends on shapes alone, so results do not depend on the number of threads. Tensors
 * without a gradient in a step are left as they are, moments and counter too.
 *
 * An update (Loshchilov & Hutter 2019, algorithm 2; bias correction by Kingma & Ba 2015, as
 * PyTorch's fused form computes it) is
 *
 *     g = clip * g
 *     w = w - rate * decay * w
 *     m = m + (1 - beta1) (g - m)
 *     v = beta2 v + (1 - beta2) g^2
 *     w = w - step * m / (sqrt(v) / root + epsilon)
 *
 * with step = rate / (1 - beta1^t) and root = sqrt(1 - beta2^t) at a tensor's t-th update. */
#ifndef TRAIN_OPTIMIZER_H
#define TRAIN_OPTIMIZER_H

#include "nn/params.h"

/* Settings of all updates. */
typedef struct train_adamw {
    double beta1, beta2, epsilon;
    double decay; /* weight decay */
    double clip;  /* largest global gradient norm; 0: none */
} train_adamw;

typedef struct train_optimizer train_optimizer;

train_optimizer *train_optimizer_new(const train_adamw *settings, base_error *error);
void train_optimizer_free(train_optimizer *o);

/* Adds a set after nn_params_train, which stays the caller's; learning rate and weight decay are
 * multiplied by the factors. */
bool train_optimizer_add(train_optimizer *o, nn_params *set, double rate_factor,
                         double decay_factor, base_error *error);

/* Sets the factor of the learning rate, or the weight decay itself, of one tensor that was added;
 * nothing happens when there is none. */
void train_optimizer_rate(train_optimizer *o, const tape_param *param, double factor);
void train_optimizer_decay(train_optimizer *o, const tape_param *param, double decay);

/* Brings the embedding rows up to date that a forward pass over these token ids reads. */
void train_optimizer_look_up(train_optimizer *o, const uint32_t *ids, size_t count);

/* The same for all rows: before evaluation and saving. */
void train_optimizer_settle(train_optimizer *o);

/* Numbers that have a gradient in this step: for reports. */
size_t train_optimizer_elements(const train_optimizer *o);

/* Euclidean norm of all gradients of the step together: each set's dense ones as one block
 * (nn_params_gradients), and the rows of its tables. Not finite when one of them is not. */
double train_optimizer_norm(train_optimizer *o);

/* Updates every tensor that has a gradient, scaled by min(1, clip / (norm + 1e-6)) when clip is
 * not 0, and forgets the gradients. */
void train_optimizer_update(train_optimizer *o, double rate, double norm);

/* How often each trainable tensor was updated, in the order of sets and tensors: to be saved with
 * m and v. `set_counts` (as many as count says) also takes note that m and v were loaded. */
size_t train_optimizer_counts(const train_optimizer *o, const size_t **counts);
void train_optimizer_set_counts(train_optimizer *o, const size_t *counts);

#endif
