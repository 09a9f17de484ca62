/* Along a cosine to a floor (Loshchilov & Hutter 2017; get_cosine_schedule_with_warmup,
 * get_cosine_with_min_lr_schedule_with_warmup). */
#include "train/schedule.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double cycles, floor;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"cosine\"", 0, 0, NULL, NULL,
     "the schedule"},
    {"cycles", BASE_KEY_REAL, offsetof(options, cycles), "0.5", 0, 1e6, NULL, NULL,
     "waves of the cosine; 0.5: from its top to its bottom, once"},
    {"floor", BASE_KEY_REAL, offsetof(options, floor), "0", 0, 1, NULL, NULL,
     "part of the peak at which the fall ends"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static double fall(const train_schedule *s, double step) {
    const options *o = s->options;
    double progress = train_schedule_progress(s, step);
    return train_schedule_above(o->floor, train_schedule_cosine(o->cycles, progress));
}

const train_schedule_def train_schedule_cosine_def = {
    .name = "cosine",
    .summary = "falls along half a cosine to 0, or to a floor",
    .options = &option_keys,
    .fall = fall,
};
