/* Rises, stays, and falls at the end (Hu et al. 2024, MiniCPM, section 4.1; get_wsd_schedule). */
#include "train/schedule.h"

#include <math.h>
#include <stddef.h>

typedef struct options {
    const char *name;
    double decay, cycles, floor;
    int warmup_shape, decay_shape; /* a shape */
} options;

typedef enum shape { LINEAR, COSINE, ROOT } shape;

static const char *const *shape_names(void) {
    static const char *const names[] = {
        [LINEAR] = "linear", [COSINE] = "cosine", [ROOT] = "1-sqrt", NULL};
    return names;
}

static const base_key keys[] = {
    {"name", BASE_KEY_TEXT, offsetof(options, name), "\"warmup_stable_decay\"", 0, 0, NULL, NULL,
     "the schedule"},
    {"decay", BASE_KEY_REAL, offsetof(options, decay), "0.1", 0, 0x1p53 - 1, NULL, NULL,
     "steps in which it falls, at the end: below 1 the part of all steps, from 1 on their number; "
     "at most those after warm-up"},
    {"warmup_shape", BASE_KEY_CHOICE, offsetof(options, warmup_shape), "\"linear\"", 0, 0,
     shape_names, NULL, "how it rises, from the floor"},
    {"decay_shape", BASE_KEY_CHOICE, offsetof(options, decay_shape), "\"cosine\"", 0, 0,
     shape_names, NULL, "how it falls, to the floor"},
    {"cycles", BASE_KEY_REAL, offsetof(options, cycles), "0.5", 0, 1e6, NULL, NULL,
     "waves of the cosine of a fall by cosine"},
    {"floor", BASE_KEY_REAL, offsetof(options, floor), "0", 0, 1, NULL, NULL,
     "part of the peak at which the rise begins and the fall ends"},
};
static const base_keys option_keys = {
    .key = keys, .count = sizeof keys / sizeof *keys, .size = sizeof(options)};

static double rise(const train_schedule *s, double step) {
    const options *o = s->options;
    double progress = step / (double)s->warmup;
    double part = o->warmup_shape == LINEAR   ? progress
                  : o->warmup_shape == COSINE ? 1 - train_schedule_cosine(0.5, progress)
                                              : 1 - sqrt(1 - progress);
    return train_schedule_above(o->floor, part);
}

static double fall(const train_schedule *s, double step) {
    const options *o = s->options;
    size_t after = s->total - s->warmup, decay = train_schedule_steps(o->decay, s->total);
    double length = (double)(decay < after ? decay : after);
    double progress = (step - ((double)s->total - length)) / length;
    if (!(progress > 0))
        return 1;
    double part = o->decay_shape == LINEAR   ? 1 - progress
                  : o->decay_shape == COSINE ? train_schedule_cosine(o->cycles, progress)
                                             : 1 - sqrt(progress);
    return train_schedule_above(o->floor, part);
}

const train_schedule_def train_schedule_warmup_stable_decay_def = {
    .name = "warmup_stable_decay",
    .summary = "rises, stays at its peak, and falls to 0 or to a floor at the end",
    .options = &option_keys,
    .fall = fall,
    .rise = rise,
};
