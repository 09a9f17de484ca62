#include "train/head.h"

#include "base/file.h"
#include "base/log.h"
#include "losses/loss_folder.h"
#include "losses/loss_labels.h"
#include "nn/model.h"
#include "nn/weights.h"

#include <stdlib.h>
#include <string.h>

/* A run's model has its trained head with it; starting again from a random one is said. */
static bool tell_of_head(const train_config *c, base_error *error) {
    char *model = c->model_path ? nn_model_folder(c->model_path, error) : NULL;
    char *trained = model ? base_path(model, "loss/model.safetensors", error) : NULL;
    if (trained && base_file_exists(trained))
        base_log(BASE_LOG_INFO,
                 "%s is not used, the loss starts from random numbers; set loss.head to it to go "
                 "on from there",
                 trained);
    free(trained);
    free(model);
    return base_ok(error);
}

/* A head that lies in the folder of a trained loss brings its labels along; classes in another
 * order would be taken for one another. */
static bool check_labels(const train_config *c, const loss *head, base_error *error) {
    const char *slash = strrchr(c->head, '/');
    char *folder = slash ? base_copy(c->head, (size_t)(slash - c->head)) : base_format(".");
    base_error no_loss = {0};
    loss *saved = folder ? loss_read(folder, &no_loss) : NULL;
    if (saved && loss_definition(saved)->logits &&
        !loss_labels_same(loss_get_setting(saved), loss_get_setting(head)))
        base_fail(error, BASE_BAD_INPUT,
                  "%s: the labels of %s/config.json are not those of train.data, or in another "
                  "order; expected the same ones",
                  c->name, folder);
    loss_free(saved);
    free(folder);
    return base_ok(error);
}

/* *head becomes the first loss with parameters. */
static bool fill_by_seed(const train_sources *sources, uint64_t seed, const loss **head,
                         base_error *error) {
    const loss *l;
    size_t heads = 0;
    *head = NULL;
    for (size_t i = 0; (l = train_sources_part(sources, i)); i++) {
        if (!loss_start(l, seed, error))
            return false;
        if (nn_params_count(loss_params(l)) > 0 && heads++ == 0)
            *head = l;
    }
    if (heads > 1)
        base_log(BASE_LOG_WARNING,
                 "the losses have %zu heads of their own; the model folder keeps the first one, "
                 "checkpoints keep all",
                 heads);
    return true;
}

static void warn_of_unit_vectors(const nn_model *model, const train_sources *sources) {
    size_t modules = model->module_count;
    const nn_module *last = modules ? &model->modules[modules - 1] : NULL;
    const loss *l;
    for (size_t i = 0; last && (l = train_sources_part(sources, i)); i++)
        if (loss_definition(l)->logits && !strcmp(last->def->kind, "Normalize"))
            base_log(BASE_LOG_WARNING,
                     "the model ends in a Normalize module: on unit vectors a softmax head hardly "
                     "learns while the encoder drifts; model.normalize false takes it off");
}

bool train_head_start(const train_config *c, const nn_model *model, const train_sources *sources,
                      bool resumed, const loss **head, base_error *error) {
    warn_of_unit_vectors(model, sources);
    if (!fill_by_seed(sources, c->seed, head, error))
        return false;
    if (c->head && !*head)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: loss.head is set, but no loss has parameters of its own", c->name);
    if (resumed || !*head)
        return true;
    if (!c->head)
        return tell_of_head(c, error);
    nn_weights_source source = {.path = c->head, .scope = "", .data = true};
    return nn_weights_read(loss_params(*head), &source, error) && check_labels(c, *head, error);
}
