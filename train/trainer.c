#include "train/trainer.h"

#include "base/cpu.h"
#include "base/log.h"
#include "train/average.h"
#include "train/batch_size.h"
#include "train/card.h"
#include "train/course.h"
#include "train/head.h"
#include "train/manifest.h"
#include "train/rates.h"
#include "train/resume.h"
#include "train/saving.h"
#include "train/sums.h"
#include "train/together.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct train_trainer {
    const train_config *config;
    train_start start;
    bool extend; /* start was TRAIN_EXTEND */
    const train_events *events;
    dist_ranks *ranks, alone; /* alone: when there are no others */
    train_sums *sums;
    base_progress tokenising, evaluating; /* events->working and events->stop */
    nn_model *model;
    nn_context *encoding; /* of evaluations */
    train_sources *sources;
    train_evaluations *evaluations;
    train_course course;
    train_trained trained;
    train_stepper *stepper;
    cJSON *files;                 /* identities */
    train_checkpoint *checkpoint; /* that is resumed from; NULL: none */
    train_position position;
    train_run *run;
    train_meter meter;
    double score;          /* of the last dev evaluation that gave one */
    eval_value measured;   /* what decides, of the evaluation at hand */
    base_profile *profile; /* NULL: none */
    const loss *head;      /* the first loss with parameters; NULL: none */
    train_saver saver;
};

/* ---- resuming ---- */

static bool restore(train_trainer *t, base_error *error) {
    if (!t->checkpoint) {
        t->position.evaluation_due = t->config->evaluate_at_start;
        return true;
    }
    size_t steps = train_plan_steps(t->course.plan);
    t->position = t->checkpoint->position;
    t->score = t->position.best; /* until the next evaluation */
    const train_decider *d = train_evaluations_decider(t->evaluations);
    train_resume_score(t->checkpoint, d->metric, d->file, &t->position);
    if (t->position.step > steps)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the checkpoint is at step %zu, but the config has %zu steps",
                         t->checkpoint->folder, t->position.step, steps);
    return (!t->extend ||
            train_course_extended(&t->course, t->config, t->sources, t->checkpoint->config,
                                  t->checkpoint->folder, t->position.step, error)) &&
           train_checkpoint_restore(t->checkpoint, t->trained.sets, t->trained.count,
                                    t->trained.optimizer, error) &&
           (t->position.step == steps || train_plan_seek(t->course.plan, t->position.step, error));
}

/* ---- making ---- */

static bool wants_stop(const train_trainer *t) {
    return t->events->stop && t->events->stop(t->events->context);
}

static bool watch(const train_trainer *t, const char *what, size_t done, size_t total) {
    if (t->events->working)
        t->events->working(t->events->context, what, done, total);
    return !wants_stop(t);
}

static bool watch_tokenising(void *context, size_t done, size_t total) {
    return watch(context, "tokenising", done, total);
}

static bool watch_evaluating(void *context, size_t done, size_t total) {
    return watch(context, "evaluating", done, total);
}

static bool prepare_model(train_trainer *t, train_config *c, base_error *error) {
    if (t->ranks->rank == 0 && !train_run_check(c, t->start, error))
        return false;
    t->files = train_identity(c, error);
    if (t->files && t->start == TRAIN_RESUME)
        t->checkpoint = train_resume(c, t->extend, t->files, error);
    if (base_ok(error))
        t->model = train_model_open(c, t->checkpoint ? t->checkpoint->model_folder : NULL, error);
    return t->model != NULL;
}

/* Reading corpora, ranks wait for one another: their configs are the same. */
static bool prepare_rest(train_trainer *t, train_config *c, base_error *error) {
    t->encoding = nn_context_new(error);
    if (t->encoding)
        nn_context_tokens(t->encoding, c->evaluate_tokens);
    t->sources =
        t->encoding ? train_sources_new(c, t->model, t->ranks, &t->tokenising, error) : NULL;
    if (!train_saver_open(&t->saver, c, error) || !t->sources ||
        (c->task == NN_CROSS_ENCODER && !train_model_classify(t->model, c, t->sources, error)) ||
        !train_head_start(c, t->model, t->sources, t->checkpoint != NULL, &t->head, error))
        return false;
    t->evaluations = train_evaluations_new(c, t->model, t->head, t->sources, error);
    if (!t->evaluations || !train_trained_collect(&t->trained, c, t->model, t->sources, error) ||
        !train_rates_apply(&t->trained, c, t->model, error) ||
        !train_batch_size_settle(c, t->model, t->sources, &t->trained, error) ||
        !train_course_open(&t->course, c, t->sources, error) || !restore(t, error))
        return false;
    if (!train_card_fill(&t->model->card, c, t->sources, train_plan_steps(t->course.plan), error))
        return false;
    t->saver.model = t->model;
    t->saver.head = t->head;
    t->saver.trained = &t->trained;
    t->saver.evaluations = t->evaluations;
    t->saver.files = t->files;
    t->sums = train_sums_new(t->ranks, t->model, &t->trained, error);
    if (!t->sums)
        return false;
    train_step_options step = {c->batch_size, c->cached, c->seed, t->ranks,
                               train_sums_listener(t->sums)};
    t->stepper = train_stepper_new(t->model, t->sources, &step, error);
    return t->stepper != NULL;
}

/* On every rank, and the same on all. */
static bool prepare_all(train_trainer *t, train_config *config, base_error *error) {
    prepare_model(t, config, error);
    if (!train_together_begin(t->ranks, config, error))
        return false;
    prepare_rest(t, config, error);
    return dist_agree(t->ranks, error) &&
           train_together_check(t->ranks, config, t->sources, t->files, t->position.step,
                                &t->trained, error);
}

train_trainer *train_trainer_new(train_config *config, train_start start, dist_ranks *ranks,
                                 const train_events *events, base_error *error) {
    train_trainer *t = base_alloc(1, sizeof *t, error);
    if (!t)
        return NULL;
    t->config = config;
    t->events = events;
    t->extend = start == TRAIN_EXTEND;
    t->start = t->extend ? TRAIN_RESUME : start;
    t->tokenising = (base_progress){watch_tokenising, t};
    t->evaluating = (base_progress){watch_evaluating, t};
    t->alone = DIST_ALONE;
    t->ranks = ranks ? ranks : &t->alone;
    if (prepare_all(t, config, error))
        return t;
    train_trainer_free(t);
    return NULL;
}

void train_trainer_free(train_trainer *t) {
    if (!t)
        return;
    train_run_close(t->run);
    train_stepper_free(t->stepper);
    train_trained_release(&t->trained);
    train_course_release(&t->course);
    train_sources_free(t->sources);
    train_evaluations_free(t->evaluations);
    nn_context_free(t->encoding);
    nn_model_free(t->model);
    cJSON_Delete(t->files);
    train_checkpoint_free(t->checkpoint);
    train_saver_release(&t->saver);
    train_sums_free(t->sums);
    free(t);
}

void train_trainer_profile(train_trainer *t, base_profile *profile) {
    t->profile = t->saver.profile = profile;
    train_stepper_profile(t->stepper, profile);
}

train_summary train_trainer_summary(const train_trainer *t) {
    train_summary s =
        train_summarize(t->config, t->sources, t->course.plan, &t->trained, t->stepper);
    s.first_step = t->position.step;
    s.space = train_saver_space(&t->saver, train_plan_steps(t->course.plan));
    return s;
}

bool train_trainer_try(train_trainer *t, double *seconds, size_t *tape_bytes, base_error *error) {
    enum { ROUNDS = 2 }; /* the first one touches fresh memory */
    train_plan_batch batch;
    train_step_result result;
    if (!train_plan_seek(t->course.plan, 0, error) ||
        !train_plan_next(t->course.plan, &batch, error))
        return false;
    for (int i = 0; i < ROUNDS; i++) {
        double start = base_cpu_seconds();
        if (!train_stepper_run(t->stepper, &t->sources->source[batch.corpus], batch.rows,
                               batch.count, 0, t->trained.optimizer, &result, error) ||
            !train_sums_finish(t->sums, error))
            return false;
        train_optimizer_update(t->trained.optimizer, t->course.schedule->peak,
                               train_optimizer_norm(t->trained.optimizer));
        *seconds = base_cpu_seconds() - start;
    }
    *tape_bytes = train_stepper_peak(t->stepper);
    return true;
}

/* ---- saving ---- */

static void tell(const train_trainer *t, const char *what) {
    if (t->events->saved)
        t->events->saved(t->events->context, what, t->position.step);
}

/* What rank 0 does alone, and what comes of it for all. */
static bool lead(train_trainer *t, bool (*act)(train_trainer *, base_error *), base_error *error) {
    struct outcome {
        train_position position;
        double score;
    } outcome = {0};
    if (t->ranks->rank == 0) {
        act(t, error);
        outcome = (struct outcome){t->position, t->score};
    }
    if (!dist_follow(t->ranks, error))
        return false;
    dist_share(t->ranks, 0, &outcome, sizeof outcome);
    t->position = outcome.position;
    t->score = outcome.score;
    return true;
}

static bool save_model(train_trainer *t, base_error *error) {
    if (!train_saver_model(&t->saver, error))
        return false;
    tell(t, t->position.has_best ? "best model" : "model");
    return true;
}

static bool write_checkpoint(train_trainer *t, base_error *error) {
    if (!train_saver_checkpoint(&t->saver, &t->position, error))
        return false;
    tell(t, "checkpoint");
    return true;
}

/* ---- evaluating ---- */

static bool take(void *context, const train_evaluation *entry, const eval_result *result,
                 const eval_value *score, base_error *error) {
    train_trainer *t = context;
    if (t->ranks->rank > 0)
        return true;
    if (t->events->evaluated)
        t->events->evaluated(t->events->context, t->position.step, entry, result);
    if (entry->when == TRAIN_DEV &&
        !train_card_add_scores(&t->model->card, t->position.step, entry, result, error))
        return false;
    train_evaluated evaluated = {t->position.step,
                                 t->position.epoch,
                                 entry,
                                 result,
                                 train_evaluations_decider(t->evaluations),
                                 score};
    return train_run_log_evaluation(t->run, &evaluated, error);
}

/* The dev entries' scores, on all ranks: they share the encoding. */
static bool measure(train_trainer *t, base_error *error) {
    train_evaluations_listener listener = {take, t, &t->evaluating};
    if (!train_evaluations_any(t->evaluations, TRAIN_DEV))
        return true;
    train_card_clear_scores(&t->model->card);
    train_saver_show(&t->saver);
    nn_context_ranks(t->encoding, t->ranks);
    train_evaluations_run(t->evaluations, TRAIN_DEV, t->model, t->encoding, t->head, &listener,
                          &t->measured, error);
    nn_context_ranks(t->encoding, NULL);
    train_saver_hide(&t->saver);
    return dist_agree(t->ranks, error);
}

/* Keeps the best model. */
static bool keep_best(train_trainer *t, base_error *error) {
    const train_decider *d = train_evaluations_decider(t->evaluations);
    train_position *p = &t->position;
    eval_value score = t->measured;
    p->evaluation_due = false;
    if (p->step == 0 || !train_evaluations_any(t->evaluations, TRAIN_DEV))
        return true; /* at step 0 only to compare with */
    t->score = score.undefined ? t->score : score.value;
    if (score.undefined || (p->has_best && !train_decider_better(d, score.value, p->best))) {
        p->stale++;
        return true;
    }
    p->has_best = true;
    p->best = score.value;
    p->best_step = p->step;
    p->stale = 0;
    return save_model(t, error);
}

/* ---- the loop ---- */

static bool fail_numbers(const train_trainer *t, const train_plan_batch *batch, const char *what,
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
    size_t steps = train_plan_steps(t->course.plan), step = t->position.step;
    if (step % t->config->log_every != 0 && step != steps)
        return true;
    train_progress p = {.step = step,
                        .steps = steps,
                        .epoch = t->position.epoch,
                        .learning_rate = rate,
                        .grad_norm = norm};
    if (t->position.has_best) {
        p.metric = train_evaluations_decider(t->evaluations)->metric;
        p.plain = train_evaluations_decider(t->evaluations)->plain;
        p.score = t->score;
        p.best = t->position.best;
    }
    train_meter_report(&t->meter, steps - step, &p);
    if (t->events->stepped)
        t->events->stepped(t->events->context, &p);
    return t->ranks->rank > 0 || train_run_log(t->run, &p, error);
}

static bool is_due(size_t step, size_t every) {
    return every && step % every == 0;
}

static bool wants_evaluation(const train_trainer *t, bool epoch_ends) {
    size_t step = t->position.step;
    return step == train_plan_steps(t->course.plan) ||
           (step >= t->config->evaluate_delay &&
            (epoch_ends || is_due(step, t->config->evaluate_every)));
}

/* The average takes in every row, also those that are updated late. */
static void average(train_trainer *t) {
    const train_trained *trained = &t->trained;
    if (!(trained->average > 0))
        return;
    train_optimizer_settle(trained->optimizer);
    train_average_update(trained->sets, trained->count, t->position.step, trained->average);
    base_profile_lap(t->profile, "optimizer", "average", 0, 0);
}

/* One update. */
static bool make_step(train_trainer *t, base_error *error) {
    double start = base_cpu_seconds(),
           rate = train_schedule_rate(t->course.schedule, t->position.step);
    train_plan_batch batch;
    train_step_result result;
    if (!train_plan_next(t->course.plan, &batch, error) ||
        !train_stepper_run(t->stepper, &t->sources->source[batch.corpus], batch.rows, batch.count,
                           t->position.step, t->trained.optimizer, &result, error) ||
        !train_sums_finish(t->sums, error))
        return false;
    base_profile_lap(t->profile, "optimizer", "sum over ranks", 0, 0);
    if (!isfinite(result.loss))
        return fail_numbers(t, &batch, "loss", result.loss, error);
    if (t->position.step < t->config->head_only_steps)
        train_trained_hold(&t->trained);
    double numbers = (double)train_optimizer_elements(t->trained.optimizer) * sizeof(real);
    double norm = train_optimizer_norm(t->trained.optimizer);
    base_profile_lap(t->profile, "optimizer", "norm", 0, numbers);
    if (!isfinite(norm))
        return fail_numbers(t, &batch, "gradient's norm", norm, error);
    train_optimizer_update(t->trained.optimizer, rate, norm);
    /* value, m and v are read and written, the gradient is read */
    base_profile_lap(t->profile, "optimizer", "update", 0, 7 * numbers);
    t->position.step++;
    average(t);
    t->position.epoch = batch.progress;
    t->position.evaluation_due = wants_evaluation(t, batch.ends_epoch);
    train_meter_add(&t->meter, result.loss, result.rows, result.tokens, base_cpu_seconds() - start);
    bool ok = report(t, rate, norm, error);
    base_profile_lap(t->profile, "log", "", 0, 0);
    return ok;
}

/* By its steps, or by patience. */
static bool is_over(const train_trainer *t) {
    return t->position.step == train_plan_steps(t->course.plan) ||
           (t->config->patience && t->position.stale >= t->config->patience);
}

/* At the end the model comes first, should there be room for one only. */
static bool save_all(train_trainer *t, base_error *error) {
    return (!is_over(t) || t->position.has_best || save_model(t, error)) &&
           write_checkpoint(t, error);
}

/* What comes after a step: the dev evaluation, then a checkpoint that knows its score. */
static bool after_step(train_trainer *t, base_error *error) {
    if (t->position.evaluation_due && !(measure(t, error) && lead(t, keep_best, error)))
        return false;
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    size_t step = t->position.step;
    if (step == 0 || (!is_over(t) && !is_due(step, t->config->checkpoint_every)))
        return true;
    bool ok = lead(t, save_all, error);
    base_profile_lap(t->profile, "checkpoint", "", 0, 0);
    return ok;
}

static bool train(train_trainer *t, base_error *error) {
    if (t->position.evaluation_due && !after_step(t, error))
        return false;
    while (!is_over(t)) {
        bool stop = wants_stop(t);
        dist_any(t->ranks, &stop, 1);
        if (stop)
            return base_fail(error, BASE_STOPPED, "stopped after step %zu", t->position.step);
        if (!make_step(t, error) || !after_step(t, error))
            return false;
    }
    return true;
}

/* On the test entries, with the model that was kept: the best, or else the last. */
static bool test(train_trainer *t, base_error *error) {
    train_evaluations_listener listener = {take, t, &t->evaluating};
    return train_evaluations_run_folder(t->evaluations, TRAIN_TEST, t->saver.model_folder,
                                        t->encoding, &listener, error);
}

/* A run that was told to stop, between two steps or in an evaluation, can go on from there. */
static bool stop_in_order(train_trainer *t, base_error *error) {
    *error = (base_error){0};
    t->ranks->agreed = false;
    return (is_over(t) && !t->position.evaluation_due) || lead(t, write_checkpoint, error);
}

static void describe(const train_trainer *t, train_outcome *o) {
    o->step = t->position.step;
    o->resumable = !t->config->checkpoint_model_only;
    o->metric = train_evaluations_decider(t->evaluations)->metric;
    o->plain = train_evaluations_decider(t->evaluations)->plain;
    o->has_best = t->position.has_best;
    o->best = t->position.best;
    o->best_step = t->position.best_step;
    o->model_folder = t->position.has_best || !o->stopped ? t->saver.model_folder : NULL;
    o->seconds = t->meter.all_seconds;
    o->pairs_per_second = o->seconds > 0 ? (double)t->meter.all_rows / o->seconds : 0;
}

static bool open_run(train_trainer *t, base_error *error) {
    t->run = train_run_open(t->config, t->start, t->position.step, error);
    bool finished = is_over(t) && !t->position.evaluation_due; /* and is resumed */
    train_space space = train_saver_space(&t->saver, train_plan_steps(t->course.plan));
    return t->run && train_run_check_space(t->config->folder, &space, error) &&
           (!finished || t->position.has_best || save_model(t, error));
}

static bool finish(train_trainer *t, base_error *error) {
    return test(t, error) && (!t->config->lora_merge || train_saver_merged(&t->saver, error));
}

bool train_trainer_run(train_trainer *t, train_outcome *o, base_error *error) {
    *o = (train_outcome){.steps = train_plan_steps(t->course.plan)};
    bool ok = lead(t, open_run, error) && train(t, error) && lead(t, finish, error);
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    o->stopped = !ok && error->status == BASE_STOPPED;
    o->early = ok && t->position.step < o->steps;
    ok = ok || (o->stopped && stop_in_order(t, error));
    if (t->run && !ok)
        train_run_say_safe(t->config->folder, error);
    describe(t, o);
    return ok;
}
