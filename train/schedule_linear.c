#include "train/schedule.h"

/* (T - s) / (T - W) */
static double factor(size_t step, size_t warmup, size_t total) {
    return (double)(total - step) / (double)(total - warmup);
}

const train_schedule_def train_schedule_linear = {
    .name = "linear", .summary = "falls in a straight line to 0", .factor = factor};
