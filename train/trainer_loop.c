#include "base/cpu.h"
#include "train/trainer_state.h"

#include <math.h>
#include <stdlib.h>

static bool fail_numbers(const train_trainer *t, const train_course_batch *batch, const char *what,
                         double value, base_error *error) {
    char rows[300];
    const train_source *source = &t->sources->source[batch->corpus];
    return base_fail(error, BASE_FAILED,
                     "step %zu: the %s is %g, and the model was left as it was; the step's rows "
                     "are %s",
                     t->position.step + 1, what, value,
                     train_step_rows(source, batch->rows, batch->count, rows, sizeof rows));
}

static bool report(train_trainer *t, double rate, double norm, base_error *error) {
    size_t steps = train_course_steps(t->course), step = t->position.step;
    if (step % t->config->log_every != 0 && step != steps)
        return true;
    train_progress p = {.step = step,
                        .steps = steps,
                        .epoch = t->position.epoch,
                        .learning_rate = rate,
                        .grad_norm = norm};
    train_meter_report(&t->meter, steps - step, &p);
    if (t->events->stepped)
        t->events->stepped(t->events->context, &p);
    return train_run_log(t->run, &p, error);
}

/* One update; *ends_epoch says whether it was the epoch's last. */
static bool make_step(train_trainer *t, bool *ends_epoch, base_error *error) {
    double start = base_cpu_seconds(), rate = train_schedule_rate(&t->schedule, t->position.step);
    train_course_batch batch;
    train_step_result result;
    if (!train_course_next(t->course, &batch, error) ||
        !train_stepper_run(t->stepper, &t->sources->source[batch.corpus], batch.rows, batch.count,
                           t->position.step, t->optimizer, &result, error))
        return false;
    if (!isfinite(result.loss))
        return fail_numbers(t, &batch, "loss", result.loss, error);
    double numbers = (double)train_optimizer_elements(t->optimizer) * sizeof(real);
    double norm = train_optimizer_norm(t->optimizer);
    base_profile_lap(t->profile, "optimizer", "norm", 0, numbers);
    if (!isfinite(norm))
        return fail_numbers(t, &batch, "gradient's norm", norm, error);
    train_optimizer_update(t->optimizer, rate, norm);
    /* value, m and v are read and written, the gradient is read */
    base_profile_lap(t->profile, "optimizer", "update", 0, 7 * numbers);
    t->position.step++;
    t->position.epoch = batch.progress;
    *ends_epoch = batch.ends_epoch;
    train_meter_add(&t->meter, result.loss, result.rows, result.tokens, base_cpu_seconds() - start);
    bool ok = report(t, rate, norm, error);
    base_profile_lap(t->profile, "log", "", 0, 0);
    return ok;
}

static bool is_due(size_t step, size_t every) {
    return every && step % every == 0;
}

static bool patience_is_over(const train_trainer *t) {
    return t->config->patience && t->position.stale >= t->config->patience;
}

/* What comes after a step: evaluation, then a checkpoint that knows its score. */
static bool after_step(train_trainer *t, bool ends_epoch, base_error *error) {
    size_t step = t->position.step;
    bool last = step == train_course_steps(t->course);
    if ((ends_epoch || last || is_due(step, t->config->evaluate_every)) &&
        !train_trainer_judge(t, error))
        return false;
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    if (!last && !patience_is_over(t) && !is_due(step, t->config->checkpoint_every))
        return true;
    bool ok = train_trainer_checkpoint(t, error);
    base_profile_lap(t->profile, "checkpoint", "", 0, 0);
    return ok;
}

static bool train(train_trainer *t, train_outcome *o, base_error *error) {
    bool ends_epoch = false;
    while (t->position.step < o->steps && !patience_is_over(t)) {
        if (t->events->stop && t->events->stop(t->events->context)) {
            o->stopped = true;
            return train_trainer_checkpoint(t, error);
        }
        if (!make_step(t, &ends_epoch, error) || !after_step(t, ends_epoch, error))
            return false;
    }
    o->early = t->position.step < o->steps;
    return true;
}

/* Without a score that chose one, the last model is the one to keep. */
static bool finish(train_trainer *t, base_error *error) {
    return (t->position.has_best || train_trainer_save_model(t, error)) &&
           train_trainer_test(t, error);
}

static void describe(const train_trainer *t, train_outcome *o) {
    o->step = t->position.step;
    o->metric = train_evaluations_metric(t->evaluations);
    o->has_best = t->position.has_best;
    o->best = t->position.best;
    o->best_step = t->position.best_step;
    o->model_folder = t->position.has_best || !o->stopped ? t->model_folder : NULL;
    o->seconds = t->meter.all_seconds;
    o->pairs_per_second = o->seconds > 0 ? (double)t->meter.all_rows / o->seconds : 0;
}

bool train_trainer_run(train_trainer *t, train_outcome *o, base_error *error) {
    *o = (train_outcome){.steps = train_course_steps(t->course)};
    t->run = train_run_open(t->config, t->start, t->position.step, error);
    bool ok = t->run != NULL;
    if (ok && t->position.step == 0 && t->config->evaluate_at_start)
        ok = train_trainer_judge(t, error);
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    ok = ok && train(t, o, error) && (o->stopped || finish(t, error));
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    describe(t, o);
    return ok;
}
