#include "train/trained.h"

#include "losses/loss_labels.h"
#include "train/average.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nn_model_options model_options(const train_config *c) {
    return (nn_model_options){.max_length = c->max_seq_length,
                              .pooling = c->pooling,
                              .normalize = c->normalize,
                              .hidden_dropout = c->hidden_dropout,
                              .attention_dropout = c->attention_dropout,
                              .base = c->model_base,
                              .task = c->task == NN_CROSS_ENCODER ? NN_ANY_TASK : NN_BI_ENCODER};
}

nn_model *train_model_new(const train_config *c, base_error *error) {
    enum { LENGTH_FROM_SCRATCH = 128 };
    nn_model_options options = model_options(c);
    if (c->model_path)
        return nn_model_load(c->model_path, &options, error);
    if (options.max_length == 0)
        options.max_length = LENGTH_FROM_SCRATCH;
    return nn_model_create(c->model_config, c->model_vocab, c->lower_case, c->seed, &options,
                           error);
}

static bool add_adapters(nn_model *m, const train_config *c, base_error *error) {
    nn_lora_settings s = {.rank = c->lora_rank,
                          .alpha = c->lora_alpha >= 0 ? c->lora_alpha : 8,
                          .dropout = c->lora_dropout >= 0 ? c->lora_dropout : 0,
                          .rslora = c->lora_rslora == 1,
                          .target = c->lora_targets.name,
                          .target_count = c->lora_targets.count};
    char where[300];
    snprintf(where, sizeof where, "%s: lora", c->name);
    if (m->lora)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s.rank is set, but %s has adapters already, which go on as they are; "
                         "expected no lora.rank, or their model merged (sbert convert --merge)",
                         where, c->model_path);
    return nn_model_adapt(m, &s, c->seed, where, error);
}

/* Of a model with adapters they alone are trained. */
static bool freeze(nn_model *m, const train_config *c, base_error *error) {
    if (!m->lora && c->lora_merge)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: lora.merge is set, but there are no adapters, expected lora.rank",
                         c->name);
    if (!m->lora)
        return nn_encoder_freeze(m->encoder, c->freeze_embeddings, c->freeze_layers, error);
    if (c->freeze_embeddings || c->freeze_layers)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: adapters are trained and nothing else of the encoder, expected no "
                         "model.freeze_embeddings or model.freeze_layers",
                         c->name);
    nn_params_freeze_all(m->encoder->params);
    nn_params_freeze_all(m->module_params);
    return true;
}

nn_model *train_model_open(const train_config *c, const char *folder, base_error *error) {
    nn_model_options options = model_options(c);
    options.base = NULL; /* a checkpoint's adapters say it */
    nn_model *model = folder ? nn_model_load(folder, &options, error) : train_model_new(c, error);
    if (model && (folder || !c->lora_rank || add_adapters(model, c, error)) &&
        freeze(model, c, error)) {
        model->encoder->transformer.recompute = c->recompute;
        return model;
    }
    nn_model_free(model);
    return NULL;
}

/* Trained classes keep their names: in another order they would be taken for one another. */
static bool check_names(const nn_classifier *have, const train_config *c, const loss_setting *s,
                        base_error *error) {
    char shown[100], expected[100];
    for (size_t i = 0; i < s->width; i++) {
        char *unnamed = base_format("LABEL_%zu", i);
        bool same =
            !unnamed || !strcmp(have->label[i], unnamed) || !strcmp(have->label[i], s->label[i]);
        free(unnamed);
        if (!same)
            return base_fail(
                error, BASE_BAD_INPUT,
                "%s: train.data calls label %zu \"%s\", expected \"%s\" as the model's "
                "classifier has it; `labels` of train.data numbers them",
                c->name, i, base_escape(shown, sizeof shown, s->label[i], strlen(s->label[i])),
                base_escape(expected, sizeof expected, have->label[i], strlen(have->label[i])));
    }
    return true;
}

/* The head that the model has, for the labels of the data. */
static bool take_classifier(nn_model *model, const train_config *c, const loss_setting *s,
                            base_error *error) {
    const nn_classifier *have = model->classifier;
    if (have->labels != s->width)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the model has a classifier of %zu labels, expected %zu as train.data "
                         "has",
                         c->name, have->labels, s->width);
    return (s->width == 1 || check_names(have, c, s, error)) &&
           nn_model_name_labels(model, s->label, error);
}

bool train_model_classify(nn_model *model, const train_config *c, const train_sources *sources,
                          base_error *error) {
    const loss_setting *s = loss_get_setting(sources->losses[0]);
    nn_model_options options = model_options(c);
    for (size_t i = 1; i < sources->losses_count; i++)
        if (!loss_labels_same(s, loss_get_setting(sources->losses[i])))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: the losses of train.data have different labels, expected one "
                             "cross-encoder's",
                             c->name);
    if (!(model->classifier
              ? take_classifier(model, c, s, error)
              : nn_model_make_cross_encoder(model, s->width, s->label, c->seed, &options, error)))
        return false;
    for (size_t i = 0; i < sources->losses_count; i++)
        if (loss_plain_logits(sources->losses[i]))
            return nn_model_score_by_logits(model, error);
    return true;
}

/* Takes the name. */
static bool add_set(train_trained *t, char *name, nn_params *params, double rate, double decay,
                    bool values, base_error *error) {
    if (!name)
        return base_fail(error, BASE_FAILED, "out of memory");
    t->names[t->count] = name;
    t->sets[t->count++] =
        (train_set){.name = name, .params = params, .values = values, .head = values};
    return nn_params_train(params, error) &&
           train_optimizer_add(t->optimizer, params, rate, decay, error);
}

static bool check_head_steps(const train_trained *t, const train_config *c, base_error *error) {
    bool head = false;
    for (size_t i = 0; i < t->count; i++)
        head = head || (t->sets[i].head && nn_params_trainable(t->sets[i].params) > 0);
    return head || c->head_only_steps == 0 ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: head_only_steps is %zu, but no loss has parameters of its own", c->name,
                     c->head_only_steps);
}

bool train_trained_collect(train_trained *t, const train_config *c, const nn_model *model,
                           const train_sources *sources, base_error *error) {
    const loss *part;
    size_t most = 3, parts = 0;
    while (train_sources_part(sources, parts++))
        most++;
    train_adamw settings = {c->beta1, c->beta2, c->epsilon, c->weight_decay, c->clip};
    t->sets = base_alloc(most, sizeof *t->sets, error);
    t->names = base_alloc(most, sizeof *t->names, error);
    t->optimizer = train_optimizer_new(&settings, error);
    bool ok = t->sets && t->names && t->optimizer &&
              (!model->lora ||
               add_set(t, base_format("lora"), model->lora->params, 1, 1, false, error)) &&
              add_set(t, base_format("encoder"), model->encoder->params, 1, 1, false, error) &&
              add_set(t, base_format("modules"), model->module_params, 1, 1, false, error);
    if (ok)
        t->sets[t->count - 1].head = model->classifier != NULL;
    for (size_t i = 0; ok && (part = train_sources_part(sources, i)); i++)
        ok = add_set(t, base_format("loss%zu", i), loss_params(part), c->head_rate, c->head_decay,
                     true, error);
    const size_t *updates;
    t->average = c->average;
    ok = ok && check_head_steps(t, c, error);
    ok = ok && (!(t->average > 0) || train_average_start(t->sets, t->count, error));
    return ok && (train_optimizer_counts(t->optimizer, &updates) > 0 ||
                  base_fail(error, BASE_BAD_INPUT,
                            "%s: the whole encoder is frozen and nothing else has parameters, "
                            "expected something to train",
                            c->name));
}

void train_trained_hold(const train_trained *t) {
    for (size_t s = 0; s < t->count; s++)
        for (size_t i = 0; !t->sets[s].head && i < nn_params_count(t->sets[s].params); i++)
            tape_param_clear_grad(nn_params_at(t->sets[s].params, i));
}

size_t train_trained_bytes(const train_trained *t) {
    size_t numbers = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t blocks = t->sets[i].average ? 4 : 3; /* gradient, m, v, average */
        numbers +=
            nn_params_elements(t->sets[i].params) + blocks * nn_params_trainable(t->sets[i].params);
    }
    return numbers * sizeof(real);
}

void train_trained_release(train_trained *t) {
    train_optimizer_free(t->optimizer);
    train_average_release(t->sets, t->count);
    for (size_t i = 0; i < t->count; i++)
        free(t->names[i]);
    free(t->names);
    free(t->sets);
}
