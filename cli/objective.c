#include "cli/objective.h"

#include "base/file.h"
#include "base/json.h"
#include "losses/loss_folder.h"

#include <stdlib.h>
#include <string.h>

/* JSON, or else a name. */
static loss *from_text(const char *text, const nn_model *model, base_error *error) {
    base_error no_json = {0};
    cJSON *config = base_json_parse(text, strlen(text), "--objective", 1, &no_json);
    if (!config)
        config = cJSON_CreateString(text);
    loss_setting setting = {.width = model->encoded, .layers = nn_model_layers(model)};
    loss *l = config ? loss_new(config, &setting, "--objective", "", error) : NULL;
    cJSON_Delete(config);
    if (!l || nn_params_count(loss_params(l)) == 0)
        return l;
    base_fail(error, BASE_BAD_INPUT,
              "--objective: the loss %s has parameters, expected one without, or none and a model "
              "that has its loss with it",
              loss_definition(l)->name);
    loss_free(l);
    return NULL;
}

static loss *from_folder(const char *model, size_t width, base_error *error) {
    char *own = nn_model_folder(model, error), *folder = own ? base_path(own, "loss", error) : NULL;
    loss *l = NULL;
    if (folder && !base_file_is_folder(folder))
        base_fail(error, BASE_BAD_INPUT,
                  "eval: --loss needs --objective LOSS, for %s has no loss with it", own);
    else if (folder)
        l = loss_read(folder, error);
    if (l && loss_get_setting(l)->width != width) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: its loss takes embeddings of %zu numbers, the model gives %zu", folder,
                  loss_get_setting(l)->width, width);
        loss_free(l);
        l = NULL;
    }
    free(folder);
    free(own);
    return l;
}

loss *cli_objective(const cli_arguments *a, const nn_model *model, base_error *error) {
    const char *text = cli_text(a, "objective");
    return text ? from_text(text, model, error) : from_folder(a->operand[0], model->encoded, error);
}
