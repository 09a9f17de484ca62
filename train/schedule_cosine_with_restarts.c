/* Half a cosine from the peak to 0, several times (Loshchilov & Hutter 2017, with cycles of one
 * length; get_cosine_with_hard_restarts_schedule_with_warmup). */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    size_t cycles;
} options;

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"cosine_with_restarts\"", 0, 0, NULL, NULL,
     "the schedule"},
    {"cycles", BASE_KEY_SIZE, offsetof(options, cycles), "1", 1, 1e6, NULL, NULL,
     "how often it falls"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static double fall(const train_schedule *s, double step) {
    const options *o = s->options;
    double progress = train_schedule_progress(s, step);
    return train_schedule_cosine(0.5, fmod((double)o->cycles * progress, 1));
}

const train_schedule_def train_schedule_cosine_with_restarts_def = {
    .name = "cosine_with_restarts",
    .summary = "falls along half a cosine to 0, and again from the peak",
    .options = &option_keys,
    .fall = fall,
};
