/* The peak (get_constant_schedule_with_warmup). */
#include "train/schedule.h"

#include <stddef.h>

typedef struct options {
    const char *name;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"constant\"", 0, 0, NULL, NULL,
     "the schedule"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static double fall(const train_schedule *s, double step) {
    (void)s, (void)step;
    return 1;
}

const train_schedule_def train_schedule_constant_def = {
    .name = "constant",
    .summary = "stays at its peak",
    .options = &option_keys,
    .fall = fall,
};
