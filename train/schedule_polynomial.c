/* A power of what is left of the way, down to a last learning rate
 * (get_polynomial_decay_schedule_with_warmup). */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    double power, end;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"polynomial\"", 0, 0, NULL, NULL,
     "the schedule"},
    {"power", BASE_KEY_REAL, offsetof(options, power), "1", 0, 100, NULL, NULL,
     "of the part of the steps that is left"},
    {"end", BASE_KEY_REAL, offsetof(options, end), "1e-7", 0, 10, NULL, NULL,
     "learning rate at which it ends, less than learning_rate"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static double fall(const train_schedule *s, double step) {
    const options *o = s->options;
    double left = pow(1 - train_schedule_progress(s, step), o->power);
    return ((s->peak - o->end) * left + o->end) / s->peak;
}

static bool check(const void *given, double peak, base_error *error) {
    const options *o = given;
    return o->end < peak ||
           base_fail(error, BASE_BAD_INPUT, "end is %g, expected less than learning_rate, %g",
                     o->end, peak);
}

const train_schedule_def train_schedule_polynomial_def = {
    .name = "polynomial",
    .summary = "falls by a power of the part of the steps that is left",
    .options = &option_keys,
    .fall = fall,
    .check = check,
};
