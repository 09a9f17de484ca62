#include "train/saving.h"

#include "base/file.h"
#include "base/output.h"
#include "losses/loss_folder.h"
#include "train/average.h"
#include "train/run_folder.h"

#include <stdlib.h>
#include <string.h>

bool train_saver_open(train_saver *s, const train_config *config, base_error *error) {
    s->config = config;
    s->model_folder = base_path(config->folder, "model", error);
    return s->model_folder != NULL;
}

void train_saver_release(train_saver *s) {
    free(s->model_folder);
}

static void settle(const train_saver *s) {
    train_optimizer_settle(s->trained->optimizer);
    base_profile_lap(s->profile, "optimizer", "all rows caught up", 0, 0);
}

void train_saver_show(const train_saver *s) {
    settle(s);
    train_average_swap(s->trained->sets, s->trained->count);
}

void train_saver_hide(const train_saver *s) {
    train_average_swap(s->trained->sets, s->trained->count);
}

static bool write_loss(const loss *l, const char *model_folder, base_error *error) {
    char *folder = base_path(model_folder, "loss", error);
    bool ok = folder && loss_write(l, folder, error);
    free(folder);
    return ok;
}

static bool write_model(const void *saver, const char *folder, base_error *error) {
    const train_saver *s = saver;
    return nn_model_write(s->model, folder, error) &&
           (!s->head || write_loss(s->head, folder, error)) &&
           nn_model_keep_others(s->model_folder, folder, error);
}

bool train_saver_model(const train_saver *s, base_error *error) {
    train_saver_show(s);
    bool ok = base_output_folder(s->model_folder, write_model, s, error);
    train_saver_hide(s);
    return ok && train_run_clean(s->config->folder, error);
}

typedef struct merging {
    const nn_model *model;
    const char *from; /* the folder that has its head */
} merging;

static bool is_no_head(const char *folder, const char *name) {
    (void)folder;
    return strcmp(name, "loss") != 0;
}

static bool write_merged(const void *context, const char *folder, base_error *error) {
    const merging *m = context;
    return nn_model_write(m->model, folder, error) &&
           base_folder_add_missing(m->from, folder, is_no_head, error);
}

bool train_saver_merged(const train_saver *s, base_error *error) {
    char *place = base_path(s->config->folder, "merged", error);
    nn_model *m = place ? nn_model_load(s->model_folder, &nn_model_as_is, error) : NULL;
    if (m)
        nn_model_merge(m);
    bool ok = m && base_output_folder(place, write_merged, &(merging){m, s->model_folder}, error);
    nn_model_free(m);
    free(place);
    return ok;
}

bool train_saver_checkpoint(const train_saver *s, const train_position *position,
                            base_error *error) {
    const train_config *c = s->config;
    train_snapshot snapshot = {.model_only = c->checkpoint_model_only,
                               .head = c->checkpoint_model_only ? s->head : NULL,
                               .model = s->model,
                               .sets = s->trained->sets,
                               .set_count = s->trained->count,
                               .optimizer = s->trained->optimizer,
                               .config = s->config->tree,
                               .files = s->files,
                               .position = *position,
                               .metric = train_evaluations_decider(s->evaluations)->metric,
                               .metric_file = train_evaluations_decider(s->evaluations)->file};
    settle(s);
    if (c->checkpoint_model_only)
        train_average_swap(s->trained->sets, s->trained->count);
    bool ok = train_checkpoint_write(c->folder, &snapshot, c->checkpoint_keep, error);
    if (c->checkpoint_model_only)
        train_average_swap(s->trained->sets, s->trained->count);
    return ok && train_run_clean(c->folder, error);
}

train_space train_saver_space(const train_saver *s, size_t steps) {
    size_t every = s->config->checkpoint_every;
    return train_space_of(s->model, s->trained->sets, s->trained->count,
                          s->config->checkpoint_model_only, 1 + (every ? steps / every : 0),
                          s->config->checkpoint_keep);
}
