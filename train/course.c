#include "train/course.h"

#include "base/log.h"

#include <stdlib.h>

static train_epoch_plan *make_plan(const train_config *c, const train_sources *sources,
                                   double epochs, size_t max_steps, base_error *error) {
    train_epoch_plan *plan = NULL;
    train_plan_corpus *corpora = base_alloc(sources->count, sizeof *corpora, error);
    if (!corpora)
        return NULL;
    for (size_t i = 0; i < sources->count; i++) {
        const train_source *s = &sources->source[i];
        const loss_def *def = loss_definition(s->loss);
        corpora[i] = (train_plan_corpus){.store = s->store,
                                         .sampler = s->sampler,
                                         .min_batch = s->min_batch,
                                         .positives_of = def->positives_in_batch ? def->name : NULL,
                                         .share = s->entry->share};
    }
    train_plan_options options = {.seed = c->data_seed,
                                  .turns = c->turns,
                                  .drop_last = c->drop_last,
                                  .block = c->block,
                                  .epochs = epochs,
                                  .max_steps = max_steps};
    if (base_size_mul(c->batch_size, c->accumulation, &options.batch_size))
        plan = train_plan_new(corpora, sources->count, &options, error);
    free(corpora);
    return plan;
}

bool train_course_open(train_course *course, const train_config *c, const train_sources *sources,
                       base_error *error) {
    course->plan = make_plan(c, sources, c->epochs, c->max_steps, error);
    if (!course->plan)
        return false;
    course->schedule = train_schedule_new(c->schedule, c->learning_rate, c->warmup,
                                          train_plan_steps(course->plan), error);
    if (!course->schedule)
        return false;
    if (course->schedule->warmup > course->schedule->total)
        base_log(
            BASE_LOG_WARNING,
            "warmup is %zu steps and the run has %zu: the learning rate never reaches its peak",
            course->schedule->warmup, course->schedule->total);
    return true;
}

void train_course_release(train_course *course) {
    train_plan_free(course->plan);
    train_schedule_free(course->schedule);
}

bool train_course_extended(const train_course *course, const train_config *c,
                           const train_sources *sources, const cJSON *then, const char *folder,
                           size_t step, base_error *error) {
    size_t most = SIZE_MAX >> 11, max_steps = 0;
    double epochs = 1;
    if (!base_json_real(then, "epochs", 0, 1e6, &epochs, folder, error) ||
        !base_json_size(then, "max_steps", 0, most, &max_steps, folder, error))
        return false;
    train_course old = {.plan = make_plan(c, sources, epochs, max_steps, error)};
    size_t before = old.plan ? train_plan_steps(old.plan) : 0;
    size_t now = train_plan_steps(course->plan);
    old.schedule = old.plan
                       ? train_schedule_new(c->schedule, c->learning_rate, c->warmup, before, error)
                       : NULL;
    bool ok = old.schedule != NULL;
    if (ok && before != now)
        base_log(BASE_LOG_INFO,
                 "--extend: the run has %zu steps instead of %zu, the learning rate of step %zu is "
                 "%.3g instead of %.3g",
                 now, before, step + 1, train_schedule_rate(course->schedule, step),
                 train_schedule_rate(old.schedule, step));
    train_course_release(&old);
    return ok;
}
