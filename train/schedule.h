/* Learning-rate schedules: one file a schedule, one line in schedules.def.
 *
 * Update s = 0 .. T-1 uses peak * s / W while s < W, with W = ceil(warmup * T); then the schedule
 * says which part of the peak is left (Hugging Face's get_*_schedule_with_warmup). */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include "base/error.h"

typedef struct train_schedule_def {
    const char *name, *summary;
    /* Part of the peak in 0..1 at update `step` of `total`, `warmup` <= step < total. */
    double (*factor)(size_t step, size_t warmup, size_t total);
} train_schedule_def;

typedef struct train_schedule {
    const train_schedule_def *def;
    double peak;
    size_t warmup, total; /* W, T */
} train_schedule;

/* warmup is a part (0..1) of total. An unknown name is an error. */
bool train_schedule_make(train_schedule *schedule, const char *name, double peak, double warmup,
                         size_t total, base_error *error);

/* Learning rate of update s = 0, 1, ...; 0 from total on. */
double train_schedule_rate(const train_schedule *schedule, size_t step);

/* The schedules' names, NULL-terminated, and one line about each (NULL: none of that name). */
const char *const *train_schedule_names(void);
const char *train_schedule_summary(const char *name);

#endif
