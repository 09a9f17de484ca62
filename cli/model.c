#include "cli/model.h"

#include "cli/signals.h"

static nn_model *load(const cli_arguments *a, const char *folder, nn_task task, base_error *error) {
    nn_model_options options = nn_model_as_is;
    options.task = task;
    options.prompt = cli_text(a, "prompt");
    options.prompt_name = cli_text(a, "prompt-name");
    options.base = cli_text(a, "base");
    options.truncate_dim = cli_size(a, "truncate-dim");
    if (options.prompt && options.prompt_name) {
        base_fail(error, BASE_BAD_INPUT, "found --prompt and --prompt-name, expected one of them");
        return NULL;
    }
    return nn_model_load(folder, &options, error);
}

bool cli_query_prompt(const cli_arguments *a, const nn_model *model, data_prompt *prompt,
                      base_error *error) {
    const char *text = cli_text(a, "query-prompt"), *name = cli_text(a, "query-prompt-name");
    *prompt = (data_prompt){0};
    if (text && name)
        return base_fail(error, BASE_BAD_INPUT,
                         "found --query-prompt and --query-prompt-name, expected one of them");
    if (text || name)
        return nn_model_prompt(model, text, name, prompt, error);
    if (!model->prompt.text)
        return true;
    bool ok = data_prompt_make(prompt, model->prompt.text, model->prompt.size, error);
    prompt->skip = model->prompt.skip;
    return ok;
}

nn_model *cli_model_load(const cli_arguments *a, const char *folder, base_error *error) {
    return load(a, folder, NN_BI_ENCODER, error);
}

nn_model *cli_model_load_any(const cli_arguments *a, const char *folder, base_error *error) {
    return load(a, folder, NN_ANY_TASK, error);
}

bool cli_model_save(const cli_arguments *a, const nn_model *m, const char *folder,
                    base_error *error) {
    cli_signals_watch();
    bool ok = nn_model_save(m, folder, cli_flag(a, "overwrite"), error);
    cli_signals_unwatch();
    return ok;
}
