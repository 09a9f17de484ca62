/* First numbers of the losses' own parameters. */
#include "base/file.h"
#include "base/log.h"
#include "losses/loss_folder.h"
#include "losses/loss_labels.h"
#include "nn/weights.h"
#include "train/trainer_state.h"

#include <stdlib.h>
#include <string.h>

/* A run's model carries its trained head; starting again from a random one should not go unsaid. */
static bool tell_of_head(const train_trainer *t, base_error *error) {
    char *trained = t->config->model_path
                        ? base_path(t->config->model_path, "loss/model.safetensors", error)
                        : NULL;
    if (t->head && !t->checkpoint && trained && base_file_exists(trained))
        base_log(
            BASE_LOG_INFO,
            "%s is not used, the loss starts from random numbers; set loss.head to it to go on "
            "from there",
            trained);
    free(trained);
    return base_ok(error);
}

/* A head that lies in the folder of a trained loss brings its labels along; classes in another
 * order would be taken for one another. */
static bool check_labels(const train_trainer *t, base_error *error) {
    const char *path = t->config->head, *slash = strrchr(path, '/');
    char *folder = slash ? base_copy(path, (size_t)(slash - path)) : base_format(".");
    base_error no_loss = {0};
    loss *saved = folder ? loss_read(folder, &no_loss) : NULL;
    if (saved && loss_definition(saved)->logits &&
        !loss_labels_same(loss_get_setting(saved), loss_get_setting(t->head)))
        base_fail(error, BASE_BAD_INPUT,
                  "%s: the labels of %s/config.json are not those of train.data, or in another "
                  "order; expected the same ones",
                  t->config->name, folder);
    loss_free(saved);
    free(folder);
    return base_ok(error);
}

static size_t fill_by_seed(train_trainer *t) {
    size_t heads = 0;
    for (size_t i = 0; i < t->sources->losses_count; i++) {
        const loss *l = t->sources->losses[i];
        nn_params_init(loss_params(l), t->config->seed);
        if (nn_params_count(loss_params(l)) > 0 && heads++ == 0)
            t->head = l;
    }
    return heads;
}

bool train_trainer_fill_losses(train_trainer *t, base_error *error) {
    const train_config *c = t->config;
    size_t heads = fill_by_seed(t);
    if (heads > 1)
        base_log(BASE_LOG_WARNING,
                 "the losses have %zu heads of their own; the model folder keeps the first one, "
                 "checkpoints keep all",
                 heads);
    if (!c->head)
        return tell_of_head(t, error);
    if (!t->head)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: loss.head is set, but no loss has parameters of its own", c->name);
    if (t->checkpoint)
        return true; /* has them */
    nn_weights_source source = {.path = c->head, .scope = "", .data = true};
    return nn_weights_read(loss_params(t->head), &source, error) && check_labels(t, error);
}
