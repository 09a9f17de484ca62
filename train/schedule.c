#include "train/schedule.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

#define SCHEDULE(name) extern const train_schedule_def train_schedule_##name;
#include "train/schedules.def"
#undef SCHEDULE

#define SCHEDULE(name) &train_schedule_##name,
static const train_schedule_def *const schedules[] = {
#include "train/schedules.def"
};
#undef SCHEDULE

#define SCHEDULE(name) #name,
static const char *const schedule_names[] = {
#include "train/schedules.def"
    NULL};
#undef SCHEDULE

const char *const *train_schedule_names(void) {
    return schedule_names;
}

static const train_schedule_def *find(const char *name) {
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++)
        if (!strcmp(schedules[i]->name, name))
            return schedules[i];
    return NULL;
}

const char *train_schedule_summary(const char *name) {
    const train_schedule_def *def = find(name);
    return def ? def->summary : NULL;
}

bool train_schedule_make(train_schedule *schedule, const char *name, double peak, double warmup,
                         size_t total, base_error *error) {
    const train_schedule_def *def = find(name);
    if (def) {
        /* W <= T although the product rounds. */
        double w = fmin(ceil(warmup * (double)total), (double)total);
        *schedule = (train_schedule){def, peak, (size_t)w, total};
        return true;
    }
    base_bytes list = {0};
    if (base_bytes_names(&list, schedule_names, error))
        base_fail(error, BASE_BAD_INPUT, "schedule: found \"%s\", expected one of %s", name,
                  list.data);
    base_bytes_free(&list);
    return false;
}

double train_schedule_rate(const train_schedule *s, size_t step) {
    if (step >= s->total)
        return 0;
    if (step < s->warmup)
        return s->peak * ((double)step / (double)s->warmup);
    return s->peak * s->def->factor(step, s->warmup, s->total);
}
