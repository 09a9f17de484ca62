/* The course of a run: its batches step by step, and the learning rate of each. */
#ifndef TRAIN_COURSE_H
#define TRAIN_COURSE_H

#include "train/epoch_plan.h"
#include "train/schedule.h"
#include "train/sources.h"

typedef struct train_course {
    train_epoch_plan *plan;
    train_schedule *schedule;
} train_course;

/* Fills a zeroed course, to be released also on failure. Warns when warm-up is longer than the run.
 */
bool train_course_open(train_course *course, const train_config *config,
                       const train_sources *sources, base_error *error);
void train_course_release(train_course *course);

/* Tells what --extend does to the steps to come after `step`: their number and the learning rate,
 * beside those of the checkpoint's config `then`, which lies in `folder`. */
bool train_course_extended(const train_course *course, const train_config *config,
                           const train_sources *sources, const cJSON *then, const char *folder,
                           size_t step, base_error *error);

#endif
