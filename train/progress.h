/* How a run goes: what a line of log.jsonl and the live line show. */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* Means are over the steps since the last report. */
typedef struct train_progress {
    size_t step, steps;
    double epoch;                          /* epochs done, such as 0.25 */
    double loss, learning_rate, grad_norm; /* the norm before clipping, of the last step */
    double seconds;                        /* of these steps */
    double pairs_per_second, tokens_per_second;
    double seconds_left; /* by the speed so far, evaluations aside */
    const char *metric;  /* that decides; NULL: no score yet */

    bool plain;         /* people see it as it is; else times 100 */
    double score, best; /* of the last dev evaluation, and the best so far */
} train_progress;

/* Adds steps up; start with {0}. */
typedef struct train_meter {
    double loss, seconds; /* sums since the last report */
    size_t steps, rows, tokens;
    double all_seconds; /* of the whole run */
    size_t all_steps, all_rows;
} train_meter;

void train_meter_add(train_meter *meter, double loss, size_t rows, size_t tokens, double seconds);

/* Fills the means and the speed, with `left` steps to go, and begins anew. */
void train_meter_report(train_meter *meter, size_t left, train_progress *progress);

#endif
