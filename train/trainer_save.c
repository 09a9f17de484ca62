#include "base/file.h"
#include "base/output.h"
#include "losses/loss_folder.h"
#include "train/trainer_state.h"

#include <stdlib.h>

static void tell(const train_trainer *t, const char *what) {
    if (t->events->saved)
        t->events->saved(t->events->context, what, t->position.step);
}

void train_trainer_settle(train_trainer *t) {
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

bool train_trainer_save_model(train_trainer *t, base_error *error) {
    train_trainer_settle(t);
    if (!base_output_folder(t->model_folder, write_model, t, error))
        return false;
    if (!train_run_clean(t->config->folder, error))
        return false;
    tell(t, t->position.has_best ? "best model" : "model");
    return true;
}

bool train_trainer_checkpoint(train_trainer *t, base_error *error) {
    train_trainer_settle(t);
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
