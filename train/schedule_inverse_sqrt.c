/* As the inverse square root of the steps (Vaswani et al. 2017, section 5.3, made 1 at the end of
 * warm-up; get_inverse_sqrt_schedule). */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    size_t timescale;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"inverse_sqrt\"", 0, 0, NULL, NULL,
     "the schedule"},
    {"timescale", BASE_KEY_SIZE, offsetof(options, timescale), "null", 1, 0x1p53 - 1, NULL, NULL,
     "steps after warm-up are counted from this number on; null: the steps of warm-up, 10000 when "
     "it has none"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

enum { WITHOUT_WARMUP = 10000 };

static double fall(const train_schedule *s, double step) {
    const options *o = s->options;
    size_t otherwise = s->warmup ? s->warmup : WITHOUT_WARMUP;
    double scale = (double)(o->timescale ? o->timescale : otherwise);
    return 1 / sqrt((step + (scale - (double)s->warmup)) / scale);
}

const train_schedule_def train_schedule_inverse_sqrt_def = {
    .name = "inverse_sqrt",
    .summary = "falls as one over the root of the steps, not to 0",
    .options = &option_keys,
    .fall = fall,
};
