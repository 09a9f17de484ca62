#include "train/trainer.h"

#include "base/cpu.h"
#include "base/file.h"
#include "base/log.h"
#include "base/output.h"
#include "losses/loss_folder.h"
#include "train/checkpoint.h"
#include "train/head.h"
#include "train/manifest.h"
#include "train/resume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct train_trainer {
    const train_config *config;
    train_start start;
    const train_events *events;
    nn_model *model;
    nn_context *encoding; /* of evaluations */
    train_sources *sources;
    train_evaluations *evaluations;
    train_epoch_plan *plan;
    train_optimizer *optimizer;
    train_stepper *stepper;
    train_schedule schedule;
    train_set *sets;
    char **set_names;
    size_t set_count;
    cJSON *files;                 /* identities */
    train_checkpoint *checkpoint; /* that is resumed from; NULL: none */
    train_position position;
    train_run *run;
    train_meter meter;
    base_profile *profile; /* NULL: none */
    char *model_folder;
    bool saved_last;  /* the last model, as none was chosen by a score */
    const loss *head; /* the first loss with parameters; NULL: none */
};

/* ---- model ---- */

static nn_model_options model_options(const train_config *c) {
    return (nn_model_options){.max_length = c->max_seq_length,
                              .pooling = c->pooling,
                              .normalize = c->normalize,
                              .hidden_dropout = c->hidden_dropout,
                              .attention_dropout = c->attention_dropout};
}

nn_model *train_model_new(const train_config *c, base_error *error) {
    enum { LENGTH_FROM_SCRATCH = 128 };
    nn_model_options options = model_options(c);
    if (c->model_path)
        return nn_model_load(c->model_path, &options, error);
    if (options.max_length == 0)
        options.max_length = LENGTH_FROM_SCRATCH;
    return nn_model_create(c->model_bert, c->model_vocab, c->lower_case, c->seed, &options, error);
}

static bool open_model(train_trainer *t, base_error *error) {
    const train_config *c = t->config;
    nn_model_options options = model_options(c);
    t->model = t->checkpoint ? nn_model_load(t->checkpoint->model_folder, &options, error)
                             : train_model_new(c, error);
    return t->model &&
           nn_encoder_freeze(t->model->encoder, c->freeze_embeddings, c->freeze_layers, error);
}

/* ---- what is trained ---- */

static bool add_set(train_trainer *t, char *name, nn_params *params, bool is_loss,
                    base_error *error) {
    double rate = is_loss ? t->config->head_rate : 1, decay = is_loss ? t->config->head_decay : 1;
    if (!name)
        return base_fail(error, BASE_FAILED, "out of memory");
    t->set_names[t->set_count] = name;
    t->sets[t->set_count++] = (train_set){name, params, is_loss};
    return nn_params_train(params, error) &&
           train_optimizer_add(t->optimizer, params, rate, decay, error);
}

static bool collect_sets(train_trainer *t, base_error *error) {
    const train_config *c = t->config;
    size_t most = t->sources->losses_count + 2;
    train_adamw settings = {c->beta1, c->beta2, c->epsilon, c->weight_decay, c->clip};
    t->sets = base_alloc(most, sizeof *t->sets, error);
    t->set_names = base_alloc(most, sizeof *t->set_names, error);
    t->optimizer = train_optimizer_new(&settings, error);
    bool ok = t->sets && t->set_names && t->optimizer &&
              add_set(t, base_format("encoder"), t->model->encoder->params, false, error) &&
              add_set(t, base_format("modules"), t->model->module_params, false, error);
    for (size_t i = 0; ok && i < t->sources->losses_count; i++)
        ok = add_set(t, base_format("loss%zu", i), loss_params(t->sources->losses[i]), true, error);
    const size_t *updates;
    return ok && (train_optimizer_counts(t->optimizer, &updates) > 0 ||
                  base_fail(error, BASE_BAD_INPUT,
                            "%s: the whole encoder is frozen and nothing else has parameters, "
                            "expected something to train",
                            c->name));
}

static void warn_of_unit_vectors(const train_trainer *t) {
    const nn_module *last = &t->model->modules[t->model->module_count - 1];
    for (size_t i = 0; i < t->sources->losses_count; i++)
        if (loss_definition(t->sources->losses[i])->logits && !strcmp(last->def->kind, "Normalize"))
            base_log(BASE_LOG_WARNING,
                     "the model ends in a Normalize module: on unit vectors a softmax head hardly "
                     "learns while the encoder drifts; model.normalize false takes it off");
}

/* ---- epochs ---- */

static bool plan_epochs(train_trainer *t, base_error *error) {
    const train_config *c = t->config;
    size_t batch;
    train_plan_corpus *corpora = base_alloc(t->sources->count, sizeof *corpora, error);
    if (!corpora)
        return false;
    for (size_t i = 0; i < t->sources->count; i++) {
        const train_source *s = &t->sources->source[i];
        corpora[i] = (train_plan_corpus){s->store, s->sampler, s->min_batch};
    }
    if (base_size_mul(c->batch_size, c->accumulation, &batch))
        t->plan = train_plan_new(corpora, t->sources->count, batch, c->seed, c->epochs,
                                 c->max_steps, error);
    free(corpora);
    if (t->plan)
        t->schedule = train_schedule_make(c->schedule, c->learning_rate, c->warmup,
                                          train_plan_steps(t->plan));
    return t->plan != NULL;
}

/* ---- resuming ---- */

static bool same_text(const char *a, const char *b) {
    return a && b ? !strcmp(a, b) : a == b;
}

/* Scores of two metrics, or of two files, cannot be compared. */
static void forget_other_score(train_trainer *t) {
    const char *metric = train_evaluations_metric(t->evaluations);
    const char *file = train_evaluations_file(t->evaluations);
    const train_checkpoint *c = t->checkpoint;
    if (!t->position.has_best || (same_text(metric, c->metric) && same_text(file, c->metric_file)))
        return;
    base_log(BASE_LOG_WARNING,
             "the best score so far was %s on %s and is forgotten: now %s on %s decides",
             c->metric ? c->metric : "of a metric", c->metric_file ? c->metric_file : "a file",
             metric ? metric : "nothing", file ? file : "no file");
    t->position.has_best = false;
    t->position.stale = 0;
}

static bool restore(train_trainer *t, base_error *error) {
    if (!t->checkpoint)
        return true;
    t->position = t->checkpoint->position;
    forget_other_score(t);
    if (t->position.step > train_plan_steps(t->plan))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the checkpoint is at step %zu, but the config has %zu steps",
                         t->checkpoint->folder, t->position.step, train_plan_steps(t->plan));
    if (!train_checkpoint_restore(t->checkpoint, t->sets, t->set_count, t->optimizer, error))
        return false;
    return t->position.step == train_plan_steps(t->plan) ||
           train_plan_seek(t->plan, t->position.step, error);
}

/* ---- making ---- */

static bool prepare(train_trainer *t, train_start start, base_error *error) {
    const train_config *c = t->config;
    if (!train_run_check(c, start, error))
        return false;
    t->files = train_identity(c, error);
    if (t->files && start == TRAIN_RESUME)
        t->checkpoint = train_resume(c, t->files, error);
    if (!base_ok(error) || !open_model(t, error))
        return false;
    t->model_folder = base_path(c->folder, "model", error);
    t->encoding = nn_context_new(error);
    t->sources = t->encoding ? train_sources_new(c, t->model, error) : NULL;
    if (!t->model_folder || !t->sources ||
        !train_head_start(c, t->sources, t->checkpoint != NULL, &t->head, error))
        return false;
    t->evaluations = train_evaluations_new(c, t->head, error);
    if (!t->evaluations || !collect_sets(t, error) || !plan_epochs(t, error) || !restore(t, error))
        return false;
    t->stepper = train_stepper_new(t->model, t->sources, c->batch_size, c->seed, error);
    warn_of_unit_vectors(t);
    return t->stepper != NULL;
}

train_trainer *train_trainer_new(const train_config *config, train_start start,
                                 const train_events *events, base_error *error) {
    train_trainer *t = base_alloc(1, sizeof *t, error);
    if (!t)
        return NULL;
    t->config = config;
    t->events = events;
    t->start = start;
    if (prepare(t, start, error))
        return t;
    train_trainer_free(t);
    return NULL;
}

void train_trainer_free(train_trainer *t) {
    if (!t)
        return;
    train_run_close(t->run);
    train_stepper_free(t->stepper);
    train_optimizer_free(t->optimizer);
    train_plan_free(t->plan);
    train_sources_free(t->sources);
    train_evaluations_free(t->evaluations);
    nn_context_free(t->encoding);
    nn_model_free(t->model);
    for (size_t i = 0; i < t->set_count; i++)
        free(t->set_names[i]);
    free(t->set_names);
    free(t->sets);
    cJSON_Delete(t->files);
    train_checkpoint_free(t->checkpoint);
    free(t->model_folder);
    free(t);
}

void train_trainer_profile(train_trainer *t, base_profile *profile) {
    t->profile = profile;
    train_stepper_profile(t->stepper, profile);
}

static train_space space_needed(const train_trainer *t) {
    size_t every = t->config->checkpoint_every;
    size_t writes = 1 + (every ? train_plan_steps(t->plan) / every : 0);
    return train_space_of(t->model, t->sets, t->set_count, writes, t->config->checkpoint_keep);
}

train_summary train_trainer_summary(const train_trainer *t) {
    train_summary s =
        train_summarize(t->config, t->sources, t->plan, t->sets, t->set_count, t->stepper);
    s.first_step = t->position.step;
    s.space = space_needed(t);
    return s;
}

bool train_trainer_try(train_trainer *t, double *seconds, size_t *tape_bytes, base_error *error) {
    enum { ROUNDS = 2 }; /* the first one touches fresh memory */
    train_plan_batch batch;
    train_step_result result;
    if (!train_plan_seek(t->plan, 0, error) || !train_plan_next(t->plan, &batch, error))
        return false;
    for (int i = 0; i < ROUNDS; i++) {
        double start = base_cpu_seconds();
        if (!train_stepper_run(t->stepper, &t->sources->source[batch.corpus], batch.rows,
                               batch.count, 0, t->optimizer, &result, error))
            return false;
        train_optimizer_update(t->optimizer, t->schedule.peak, train_optimizer_norm(t->optimizer));
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

/* Brings rows up to date that are updated late. */
static void settle(train_trainer *t) {
    train_optimizer_settle(t->optimizer);
    base_profile_lap(t->profile, "optimizer", "all rows caught up", 0, 0);
}

static bool write_loss(const loss *l, const char *model_folder, base_error *error) {
    char *folder = base_path(model_folder, "loss", error);
    bool ok = folder && loss_write(l, folder, error);
    free(folder);
    return ok;
}

static bool write_model(const void *trainer, const char *folder, base_error *error) {
    const train_trainer *t = trainer;
    return nn_model_write(t->model, folder, error) &&
           (!t->head || write_loss(t->head, folder, error));
}

static bool save_model(train_trainer *t, base_error *error) {
    settle(t);
    if (!base_output_folder(t->model_folder, write_model, t, error) ||
        !train_run_clean(t->config->folder, error))
        return false;
    tell(t, t->position.has_best ? "best model" : "model");
    return true;
}

static bool write_checkpoint(train_trainer *t, base_error *error) {
    settle(t);
    train_snapshot snapshot = {.model = t->model,
                               .sets = t->sets,
                               .set_count = t->set_count,
                               .optimizer = t->optimizer,
                               .config = t->config->tree,
                               .files = t->files,
                               .position = t->position,
                               .metric = train_evaluations_metric(t->evaluations),
                               .metric_file = train_evaluations_file(t->evaluations)};
    if (!train_checkpoint_write(t->config->folder, &snapshot, t->config->checkpoint_keep, error) ||
        !train_run_clean(t->config->folder, error))
        return false;
    tell(t, "checkpoint");
    return true;
}

/* ---- evaluating ---- */

static bool take(void *context, const train_evaluation *entry, const eval_result *result,
                 base_error *error) {
    train_trainer *t = context;
    if (t->events->evaluated)
        t->events->evaluated(t->events->context, t->position.step, entry, result);
    return train_run_log_evaluation(t->run, t->position.step, t->position.epoch, entry, result,
                                    error);
}

/* Evaluates on the dev entries and keeps the best model. */
static bool evaluate(train_trainer *t, base_error *error) {
    eval_value score;
    if (!train_evaluations_any(t->evaluations, TRAIN_DEV))
        return true;
    settle(t);
    train_evaluations_listener listener = {take, t};
    if (!train_evaluations_run(t->evaluations, TRAIN_DEV, t->model, t->encoding, t->head, &listener,
                               &score, error))
        return false;
    train_position *p = &t->position;
    if (p->step == 0)
        return true; /* only to compare with */
    if (score.undefined || (p->has_best && score.value <= p->best)) {
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
    size_t steps = train_plan_steps(t->plan), step = t->position.step;
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
    train_plan_batch batch;
    train_step_result result;
    if (!train_plan_next(t->plan, &batch, error) ||
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

/* Without a score that chose one, the last model is the one to keep. */
static bool save_last(train_trainer *t, base_error *error) {
    if (!t->position.has_best && !t->saved_last)
        t->saved_last = save_model(t, error);
    return base_ok(error);
}

/* What comes after a step: evaluation, then a checkpoint that knows its score; at the end the model
 * first, for a full disk may leave room for one of them. */
static bool after_step(train_trainer *t, bool ends_epoch, base_error *error) {
    size_t step = t->position.step;
    bool last = step == train_plan_steps(t->plan);
    if ((ends_epoch || last || is_due(step, t->config->evaluate_every)) && !evaluate(t, error))
        return false;
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    bool ends = last || patience_is_over(t);
    if (!ends && !is_due(step, t->config->checkpoint_every))
        return true;
    bool ok = (!ends || save_last(t, error)) && write_checkpoint(t, error);
    base_profile_lap(t->profile, "checkpoint", "", 0, 0);
    return ok;
}

static bool train(train_trainer *t, train_outcome *o, base_error *error) {
    bool ends_epoch = false;
    while (t->position.step < o->steps && !patience_is_over(t)) {
        if (t->events->stop && t->events->stop(t->events->context)) {
            o->stopped = true;
            return write_checkpoint(t, error);
        }
        if (!make_step(t, &ends_epoch, error) || !after_step(t, ends_epoch, error))
            return false;
    }
    o->early = t->position.step < o->steps;
    return true;
}

static bool finish(train_trainer *t, base_error *error) {
    train_evaluations_listener listener = {take, t};
    return save_last(t, error) &&
           train_evaluations_run_folder(t->evaluations, TRAIN_TEST, t->model_folder, t->encoding,
                                        &listener, error);
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
    *o = (train_outcome){.steps = train_plan_steps(t->plan)};
    t->run = train_run_open(t->config, t->start, t->position.step, error);
    train_space space = space_needed(t);
    bool ok = t->run && train_run_check_space(t->config->folder, &space, error);
    if (ok && t->position.step == 0 && t->config->evaluate_at_start)
        ok = evaluate(t, error);
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    ok = ok && train(t, o, error) && (o->stopped || finish(t, error));
    base_profile_lap(t->profile, "evaluation", "", 0, 0);
    if (t->run && !ok)
        train_run_say_safe(t->config->folder, error);
    describe(t, o);
    return ok;
}
