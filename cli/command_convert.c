#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "nn/model.h"

#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"out", CLI_TEXT, "DIR", NULL, "model folder to write", 0, 0},
    {"dtype", CLI_TEXT, "TYPE", "as read", "of the weights: f32, f16 or bf16, rounded to nearest",
     0, 0},
    {"layers", CLI_TEXT, "LIST", "all",
     "of the encoder to keep, the first is 0: such as 0,2,4 for a student of this model", 0, 0},
    {"merge", CLI_FLAG, NULL, NULL, "add adapters (LoRA) to the weights that they are for", 0, 0},
    {"base", CLI_TEXT, "DIR", "as they say", "of a folder of adapters: the model that they are for",
     0, 0},
    {"overwrite", CLI_FLAG, NULL, NULL, "replace a model folder that is there", 0, 0},
};

static bool find_type(const char *name, const nn_dtype **type, base_error *error) {
    const char *const *known = nn_dtype_options();
    for (size_t i = 0; known[i]; i++)
        if (!strcmp(known[i], name)) {
            *type = nn_dtype_at(i);
            return true;
        }
    return base_fail(error, BASE_BAD_INPUT,
                     "convert: --dtype is \"%.80s\", expected f32, f16 or "
                     "bf16",
                     name);
}

/* "0,2,4": rising numbers below NN_MAX_LAYERS. */
static bool read_layers(const char *list, size_t layers[NN_MAX_LAYERS], size_t *count,
                        base_error *error) {
    size_t n = 0;
    for (const char *at = list; *at;) {
        size_t digits = strspn(at, "0123456789");
        size_t value = digits && digits < 4 ? strtoul(at, NULL, 10) : NN_MAX_LAYERS;
        bool more = at[digits] == ',' && at[digits + 1];
        if (value >= NN_MAX_LAYERS || (n && value <= layers[n - 1]) || (at[digits] && !more))
            return base_fail(error, BASE_BAD_INPUT,
                             "convert: --layers is \"%.80s\", expected rising numbers of layers "
                             "such as 0,2,4",
                             list);
        layers[n++] = value;
        at += digits + more;
    }
    *count = n;
    return n > 0 ||
           base_fail(error, BASE_BAD_INPUT, "convert: --layers is empty, expected numbers");
}

static bool merge(nn_model *m, const char *in, base_error *error) {
    if (!m->lora)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: it has no adapters, expected some to merge (adapter_config.json)",
                         in);
    nn_model_merge(m);
    return true;
}

/* No training changes what it says. */
static bool keep_card(nn_model *m, const char *in, base_error *error) {
    char *folder = nn_model_folder(in, error);
    char *path = folder ? base_path(folder, "README.md", error) : NULL;
    bool ok = path && (!base_file_exists(path) || base_file_read(path, &m->card.whole, error));
    free(path);
    free(folder);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *in = a->operand[0], *out = cli_text(a, "out"), *name = cli_text(a, "dtype"),
               *kept = cli_text(a, "layers");
    const nn_dtype *type = NULL;
    if (!out)
        return base_fail(error, BASE_BAD_INPUT, "convert: --out DIR is missing");
    if (base_path_is_in(in, out))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found it in %s, which would be replaced; expected another folder", in,
                         out);
    if (base_file_exists(out) && base_path_is_in(out, in))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: it is a part of %s, which would be damaged; expected another folder",
                         out, in);
    if (name && !find_type(name, &type, error))
        return false;
    size_t layers[NN_MAX_LAYERS];
    nn_model_options how = nn_model_any;
    if (kept && !read_layers(kept, layers, &how.layer_count, error))
        return false;
    how.layers = kept ? layers : NULL;
    how.base = cli_text(a, "base");
    nn_model *m = nn_model_load(in, &how, error);
    bool ok = m && (!cli_flag(a, "merge") || merge(m, in, error)) && keep_card(m, in, error);
    if (ok)
        m->save_as = type ? type : m->lora ? m->lora->dtype : m->dtype;
    ok = ok && cli_model_save(a, m, out, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: weights are %s", out, m->save_as->name);
    nn_model_free(m);
    return ok;
}

const cli_command cli_command_convert = {
    .name = "convert",
    .summary = "Write a model folder anew: one file of weights, of another type if asked",
    .usage = "MODEL --out DIR [--dtype f32|f16|bf16] [--layers LIST] [--merge]",
    .details = "Weights in several files (model.safetensors.index.json) become one file. Tensors\n"
               "and config keys that take no part stay; tokenizer files and\n"
               "README.md are copied byte for byte. With --merge a folder of adapters becomes\n"
               "a model like any other.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 1,
    .computes = true,
    .run = run,
};
