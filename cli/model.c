#include "cli/model.h"

#include "cli/signals.h"

nn_model *cli_model_load(const cli_arguments *a, const char *folder, base_error *error) {
    nn_model_options options = nn_model_as_is;
    options.prompt = cli_text(a, "prompt");
    options.prompt_name = cli_text(a, "prompt-name");
    options.truncate_dim = cli_size(a, "truncate-dim");
    if (options.prompt && options.prompt_name) {
        base_fail(error, BASE_BAD_INPUT, "found --prompt and --prompt-name, expected one of them");
        return NULL;
    }
    return nn_model_load(folder, &options, error);
}

bool cli_model_save(const cli_arguments *a, const nn_model *m, const char *folder,
                    base_error *error) {
    cli_signals_watch();
    bool ok = nn_model_save(m, folder, cli_flag(a, "overwrite"), error);
    cli_signals_unwatch();
    return ok;
}
