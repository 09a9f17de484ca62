#include "train/schedule.h"

#include <math.h>
#include <string.h>

/* Part of the peak in 0..1 at update `step` of `total`, `warmup` <= step < total. */
typedef double factor(double step, double warmup, double total);

static double linear(double step, double warmup, double total) {
    return (total - step) / (total - warmup);
}

/* Loshchilov & Hutter 2017, one cycle. */
static double cosine(double step, double warmup, double total) {
    return 0.5 * (1 + cos(acos(-1.0) * ((step - warmup) / (total - warmup))));
}

static double constant(double step, double warmup, double total) {
    (void)step, (void)warmup, (void)total;
    return 1;
}

static const char *const names[] = {
    [TRAIN_LINEAR] = "linear", [TRAIN_COSINE] = "cosine", [TRAIN_CONSTANT] = "constant", NULL};

static const struct schedule {
    factor *factor;
    const char *summary;
} schedules[] = {
    [TRAIN_LINEAR] = {linear, "falls in a straight line to 0"},
    [TRAIN_COSINE] = {cosine, "falls along half a cosine to 0"},
    [TRAIN_CONSTANT] = {constant, "stays at its peak"},
};

const char *const *train_schedule_names(void) {
    return names;
}

const char *train_schedule_summary(const char *name) {
    for (size_t i = 0; names[i]; i++)
        if (!strcmp(names[i], name))
            return schedules[i].summary;
    return NULL;
}

train_schedule train_schedule_make(train_schedule_kind kind, double peak, double warmup,
                                   size_t total) {
    /* W <= T although the product rounds. */
    double w = warmup < 1 ? fmin(ceil(warmup * (double)total), (double)total) : warmup;
    return (train_schedule){kind, peak, (size_t)w, total};
}

double train_schedule_rate(const train_schedule *s, size_t step) {
    if (step >= s->total)
        return 0;
    if (step < s->warmup)
        return s->peak * ((double)step / (double)s->warmup);
    return s->peak * schedules[s->kind].factor((double)step, (double)s->warmup, (double)s->total);
}
