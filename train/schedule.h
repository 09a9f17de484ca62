/* Learning-rate schedules.
 *
 * Update s = 0 .. T-1 uses peak * s / W while s < W; then the schedule says which part of the peak
 * is left (Hugging Face's get_*_schedule_with_warmup). */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include <stddef.h>

typedef enum train_schedule_kind { TRAIN_LINEAR, TRAIN_COSINE, TRAIN_CONSTANT } train_schedule_kind;

/* Their names by kind, NULL-terminated, and one line about each (NULL: none of that name). */
const char *const *train_schedule_names(void);
const char *train_schedule_summary(const char *name);

typedef struct train_schedule {
    train_schedule_kind kind;
    double peak;
    size_t warmup, total; /* W, T */
} train_schedule;

/* `warmup` below 1 is a part of the total, W = ceil(warmup * total); from 1 on it is W itself, a
 * whole number, which may be more than the total: the peak is never reached then. */
train_schedule train_schedule_make(train_schedule_kind kind, double peak, double warmup,
                                   size_t total);

/* Learning rate of update s = 0, 1, ...; 0 from total on. */
double train_schedule_rate(const train_schedule *schedule, size_t step);

#endif
