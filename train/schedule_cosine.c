#include "train/schedule.h"

#include <math.h>

/* (1 + cos(pi (s - W) / (T - W))) / 2 (Loshchilov & Hutter 2017, one cycle) */
static double factor(size_t step, size_t warmup, size_t total) {
    double progress = (double)(step - warmup) / (double)(total - warmup);
    return 0.5 * (1 + cos(acos(-1.0) * progress));
}

const train_schedule_def train_schedule_cosine = {
    .name = "cosine", .summary = "falls along half a cosine to 0", .factor = factor};
