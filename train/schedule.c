#include "train/schedule.h"

#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SCHEDULE(name) extern const train_schedule_def train_schedule_##name##_def;
#include "train/schedules.def"
#undef SCHEDULE

const train_schedule_def *const train_schedule_table[] = {
#define SCHEDULE(name) &train_schedule_##name##_def,
#include "train/schedules.def"
#undef SCHEDULE
    NULL,
};

static const char *const names[] = {
#define SCHEDULE(name) #name,
#include "train/schedules.def"
#undef SCHEDULE
};

/* ---- reading ---- */

static const train_schedule_def *find(const cJSON *name, const char *where, base_error *error) {
    size_t count = sizeof names / sizeof *names;
    char shown[100];
    if (!cJSON_IsString(name)) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: schedule.name is not a string, expected the name of a schedule", where);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (!strcmp(names[i], name->valuestring))
            return train_schedule_table[i];
    base_fail(error, BASE_BAD_INPUT,
              "%s: schedule: there is no schedule \"%s\", did you mean \"%s\"?", where,
              base_escape(shown, sizeof shown, name->valuestring, strlen(name->valuestring)),
              base_keys_nearest(name->valuestring, names, count));
    return NULL;
}

static bool check(const train_schedule *s, const char *where, base_error *error) {
    base_error found = {0};
    return !s->def->check || s->def->check(s->options, s->peak, &found) ||
           base_fail(error, found.status, "%s: schedule.%s", where, found.text);
}

static bool read_options(train_schedule *s, const cJSON *config, const char *where,
                         base_error *error) {
    s->config = base_keys_object(config, error);
    s->def = s->config ? find(base_json_get(s->config, "name"), where, error) : NULL;
    s->options = s->def ? base_alloc(1, s->def->options->size, error) : NULL;
    return s->options &&
           base_keys_fill(s->def->options, s->config, where, "schedule.", s->options, error) &&
           check(s, where, error);
}

static train_schedule *read(const cJSON *config, double peak, const char *where,
                            base_error *error) {
    train_schedule *s = base_alloc(1, sizeof *s, error);
    if (!s)
        return NULL;
    s->peak = peak;
    if (read_options(s, config, where, error))
        return s;
    train_schedule_free(s);
    return NULL;
}

cJSON *train_schedule_resolve(const cJSON *config, double peak, const char *where,
                              base_error *error) {
    train_schedule *s = read(config, peak, where, error);
    cJSON *whole = s ? s->config : NULL;
    if (s)
        s->config = NULL;
    train_schedule_free(s);
    return whole;
}

train_schedule *train_schedule_new(const cJSON *config, double peak, double warmup, size_t total,
                                   base_error *error) {
    train_schedule *s = read(config, peak, "config", error);
    if (!s)
        return NULL;
    s->warmup = train_schedule_steps(warmup, total);
    s->total = total;
    return s;
}

void train_schedule_free(train_schedule *s) {
    if (!s)
        return;
    if (s->options)
        base_keys_release(s->def->options, s->options);
    free(s->options);
    cJSON_Delete(s->config);
    free(s);
}

/* ---- rates ---- */

size_t train_schedule_steps(double length, size_t total) {
    /* Not more than all although the product rounds. */
    return (size_t)(length < 1 ? fmin(ceil(length * (double)total), (double)total) : length);
}

double train_schedule_progress(const train_schedule *s, double step) {
    return (step - (double)s->warmup) / ((double)s->total - (double)s->warmup);
}

double train_schedule_cosine(double cycles, double progress) {
    return fmax(0, 0.5 * (1 + cos(acos(-1.0) * cycles * 2 * progress)));
}

double train_schedule_above(double floor, double part) {
    return part * (1 - floor) + floor;
}

double train_schedule_rate(const train_schedule *s, size_t step) {
    double at = (double)step;
    if (step >= s->total)
        return 0;
    if (step >= s->warmup)
        return s->peak * s->def->fall(s, at);
    return s->peak * (s->def->rise ? s->def->rise(s, at) : at / (double)s->warmup);
}
