/* Learning-rate schedules. One file a schedule, one line in schedules.def.
 *
 * Update s = 0 .. T-1 uses peak * s / W while s < W; then the schedule says which part of the peak
 * is left: Hugging Face's get_*_schedule (transformers/optimization.py). */
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

#include "base/keys.h"

typedef struct train_schedule train_schedule;

typedef struct train_schedule_def {
    const char *name, *summary; /* the summary is one line */
    const base_keys *options;   /* the first is "name" */
    /* The part of the peak, 0..1, of an update W <= step < T. */
    double (*fall)(const train_schedule *s, double step);
    /* The same while step < W; NULL: step / W. */
    double (*rise)(const train_schedule *s, double step);
    /* What the keys of single options can not say; its message begins with a key. NULL: nothing. */
    bool (*check)(const void *options, double peak, base_error *error);
} train_schedule_def;

struct train_schedule {
    const train_schedule_def *def;
    double peak;
    size_t warmup, total; /* W, T */
    void *options;        /* the definition's struct */
    cJSON *config;        /* that it points into */
};

/* All of them, NULL-terminated. */
extern const train_schedule_def *const train_schedule_table[];

/* The config's schedule, a name or an object with "name" and options, as an object with every
 * default filled in, checked against the largest learning rate. Messages begin
 * "WHERE: schedule.key". Release with cJSON_Delete; NULL: an error. */
cJSON *train_schedule_resolve(const cJSON *config, double peak, const char *where,
                              base_error *error);

/* A schedule from its config. `warmup` below 1 is a part of the total, W = ceil(warmup * total);
 * from 1 on it is W itself, a whole number, which may be more than the total: the peak is never
 * reached then. */
train_schedule *train_schedule_new(const cJSON *config, double peak, double warmup, size_t total,
                                   base_error *error);
void train_schedule_free(train_schedule *s);

/* Learning rate of update s = 0, 1, ...; 0 from total on. */
double train_schedule_rate(const train_schedule *s, size_t step);

/* For definitions: how far from the end of warm-up to the total an update is, 0 to below 1; and
 * half a cosine a cycle of 1/2 (Loshchilov & Hutter 2017), 1 at 0. */
double train_schedule_progress(const train_schedule *s, double step);
double train_schedule_cosine(double cycles, double progress);

/* A part that is at least floor: floor + (1 - floor) * part. */
double train_schedule_above(double floor, double part);

/* Steps of a length: below 1 the part of all steps, rounded up, from 1 on their number. */
size_t train_schedule_steps(double length, size_t total);

#endif
