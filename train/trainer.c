#include "train/trainer_state.h"

#include "base/file.h"
#include "base/log.h"
#include "nn/weights.h"
#include "train/manifest.h"

#include <stdlib.h>
#include <string.h>

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

/* ---- course ---- */

static bool plan_course(train_trainer *t, base_error *error) {
    const train_config *c = t->config;
    size_t batch;
    train_course_corpus *corpora = base_alloc(t->sources->count, sizeof *corpora, error);
    if (!corpora)
        return false;
    for (size_t i = 0; i < t->sources->count; i++) {
        const train_source *s = &t->sources->source[i];
        corpora[i] = (train_course_corpus){s->store, s->sampler, s->min_batch};
    }
    if (base_size_mul(c->batch_size, c->accumulation, &batch))
        t->course = train_course_new(corpora, t->sources->count, batch, c->seed, c->epochs,
                                     c->max_steps, error);
    free(corpora);
    return t->course && train_schedule_make(&t->schedule, c->schedule, c->learning_rate, c->warmup,
                                            train_course_steps(t->course), error);
}

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

static bool resume(train_trainer *t, base_error *error) {
    if (!t->checkpoint)
        return true;
    t->position = t->checkpoint->position;
    forget_other_score(t);
    if (t->position.step > train_course_steps(t->course))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the checkpoint is at step %zu, but the config has %zu steps",
                         t->checkpoint->folder, t->position.step, train_course_steps(t->course));
    if (!train_checkpoint_restore(t->checkpoint, t->sets, t->set_count, t->optimizer, error))
        return false;
    return t->position.step == train_course_steps(t->course) ||
           train_course_seek(t->course, t->position.step, error);
}

static bool prepare(train_trainer *t, train_start start, base_error *error) {
    const train_config *c = t->config;
    if (!train_run_check(c, start, error))
        return false;
    t->files = train_identity(c, error);
    if (t->files && start == TRAIN_RESUME)
        t->checkpoint = train_trainer_find_checkpoint(c, t->files, error);
    if (!base_ok(error) || !open_model(t, error))
        return false;
    t->model_folder = base_path(c->folder, "model", error);
    t->encoder_context = nn_context_new(error);
    t->sources = t->encoder_context ? train_sources_new(c, t->model, error) : NULL;
    if (!t->model_folder || !t->sources || !train_trainer_fill_losses(t, error))
        return false;
    t->evaluations = train_evaluations_new(c, t->head, error);
    if (!t->evaluations || !collect_sets(t, error) || !plan_course(t, error) || !resume(t, error))
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
    train_course_free(t->course);
    train_sources_free(t->sources);
    train_evaluations_free(t->evaluations);
    nn_context_free(t->encoder_context);
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
