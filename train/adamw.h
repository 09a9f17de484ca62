/* One AdamW update of a run of elements (Loshchilov & Hutter 2019, algorithm 2; bias correction by
 * Kingma & Ba 2015, as PyTorch's fused form computes it):
 *
 *     g = clip * g
 *     w = w - rate * decay * w
 *     m = m + (1 - beta1) (g - m)
 *     v = beta2 v + (1 - beta2) g^2
 *     w = w - step * m / (sqrt(v) / root + epsilon)
 *
 * with step = rate / (1 - beta1^t) and root = sqrt(1 - beta2^t) at a tensor's t-th update. */
#ifndef TRAIN_ADAMW_H
#define TRAIN_ADAMW_H

#include "autograd/kernels/kernel.h"

/* Settings of all updates. */
typedef struct train_adamw {
    double beta1, beta2, epsilon;
    double decay; /* weight decay */
    double clip;  /* largest global gradient norm; 0: none */
} train_adamw;

/* The numbers of one update of one tensor, for the kernel adamw (autograd/kernels/kernels.def). */
typedef kernel_adamw train_adamw_step;

/* Numbers of a tensor's update number t = 1, 2, ... */
train_adamw_step train_adamw_at(const train_adamw *settings, size_t t, double rate, double decay,
                                double clip);

#endif
