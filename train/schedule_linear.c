/* From the peak to a floor in a straight line (get_linear_schedule_with_warmup; with a floor,
 * get_polynomial_decay_schedule_with_warmup of power 1). */
#include "train/schedule.h"

#include <stddef.h>

typedef struct options {
    const char *name;
    double floor;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"linear\"", 0, 0, NULL, NULL,
     "the schedule"},
    {"floor", BASE_KEY_REAL, offsetof(options, floor), "0", 0, 1, NULL, NULL,
     "part of the peak at which the fall ends"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static double fall(const train_schedule *s, double step) {
    const options *o = s->options;
    double total = (double)s->total;
    return train_schedule_above(o->floor, (total - step) / (total - (double)s->warmup));
}

const train_schedule_def train_schedule_linear_def = {
    .name = "linear",
    .summary = "falls in a straight line to 0, or to a floor",
    .options = &option_keys,
    .fall = fall,
};
