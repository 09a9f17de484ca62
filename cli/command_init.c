#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "train/trainer.h"

#include <stdlib.h>

static const cli_option options[] = {
    {"out", CLI_TEXT, "DIR", NULL, "model folder to write", 0, 0},
    {"vocab", CLI_TEXT, "FILE", NULL,
     "with an encoder's config.json: vocab.txt, or a folder, whose tokenizer files tell the case",
     0, 0},
    {"cased", CLI_FLAG, NULL, NULL, "with --vocab and a vocab.txt: keep case and accents", 0, 0},
    {"seed", CLI_SIZE, "N", "0", "of the weights; given, it replaces an experiment's", 0,
     CLI_SIZE_MAX},
    {"set", CLI_LIST, "KEY=VALUE", NULL, "with an experiment's config: override a key", 0, 0},
    {"overwrite", CLI_FLAG, NULL, NULL, "replace a model folder that is there", 0, 0},
};

enum source { ENCODER, EXPERIMENT, VECTORS };

/* Options that another kind of source takes are refused, never ignored. */
static const struct {
    const char *option;
    enum source source; /* that does not take it */
    const char *instead;
} misplaced[] = {
    {"set", ENCODER, "it has no \"model\", so it is an encoder's config.json"},
    {"vocab", EXPERIMENT, "an experiment's config has model.vocab"},
    {"cased", EXPERIMENT, "an experiment's config has model.lower_case"},
    {"set", VECTORS, "word vectors have no settings"},
    {"vocab", VECTORS, "word vectors have their words"},
    {"cased", VECTORS, "word vectors have their words"},
    {"seed", VECTORS, "word vectors are not random"},
};

static bool check_options(const cli_arguments *a, enum source source, base_error *error) {
    const char *vocab = cli_text(a, "vocab");
    for (size_t i = 0; i < sizeof misplaced / sizeof misplaced[0]; i++)
        if (misplaced[i].source == source && cli_flag(a, misplaced[i].option))
            return base_fail(error, BASE_BAD_INPUT, "init: %s does not take --%s: %s",
                             a->operand[0], misplaced[i].option, misplaced[i].instead);
    if (cli_flag(a, "cased") && vocab && base_file_is_folder(vocab))
        return base_fail(error, BASE_BAD_INPUT,
                         "init: --cased goes with a vocab.txt, but %s is a folder, whose tokenizer "
                         "files tell the case",
                         vocab);
    return true;
}

/* What the model would be trained on does not matter here and may be missing. */
static void add_data(cJSON *tree) {
    if (base_json_get(tree, "train"))
        return;
    cJSON *list = cJSON_AddArrayToObject(cJSON_AddObjectToObject(tree, "train"), "data");
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "data", "-");
    cJSON_AddItemToArray(list, entry);
}

/* From an experiment's config, which is taken: its model section. */
static nn_model *from_experiment(const cli_arguments *a, cJSON *tree, base_error *error) {
    size_t count = cli_count(a, "set");
    const char **sets = base_alloc(count + 1, sizeof *sets, error);
    char *seed = base_format("seed=%zu", cli_size(a, "seed"));
    add_data(tree);
    train_config *config = NULL;
    if (sets && seed) {
        bool seeded = cli_flag(a, "seed");
        for (size_t i = 0; i < count; i++)
            sets[i] = cli_value(a, "set", i);
        sets[count] = seed;
        config = train_config_from(tree, a->operand[0], sets, count + seeded, error);
    } else {
        cJSON_Delete(tree);
    }
    if (config && config->model_path)
        base_fail(error, BASE_BAD_INPUT,
                  "%s starts from the folder model.path, expected model.config and model.vocab",
                  a->operand[0]);
    nn_model *model = base_ok(error) ? train_model_new(config, error) : NULL;
    train_config_free(config);
    free(seed);
    free(sets);
    return model;
}

/* From an encoder's config.json and a vocabulary. */
static nn_model *from_encoder(const cli_arguments *a, base_error *error) {
    const char *vocab = cli_text(a, "vocab");
    if (!vocab) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s has no \"model\", so it is an encoder's config.json, and --vocab is missing",
                  a->operand[0]);
        return NULL;
    }
    return nn_model_create(a->operand[0], vocab, !cli_flag(a, "cased"), cli_size(a, "seed"), NULL,
                           error);
}

/* Word vectors are told by their name, configs by what is in them. */
static nn_model *make(const cli_arguments *a, base_error *error) {
    const char *path = a->operand[0];
    if (base_ends_with(path, ".txt") || base_ends_with(path, ".txt.gz"))
        return check_options(a, VECTORS, error) ? nn_model_from_vectors(path, error) : NULL;
    cJSON *tree = base_json_file(path, error);
    bool experiment = tree && base_json_get(tree, "model");
    bool ok = tree && check_options(a, experiment ? EXPERIMENT : ENCODER, error);
    if (ok && experiment)
        return from_experiment(a, tree, error);
    cJSON_Delete(tree);
    return ok ? from_encoder(a, error) : NULL;
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *out = cli_text(a, "out");
    if (!out)
        return base_fail(error, BASE_BAD_INPUT, "init: --out DIR is missing");
    const char *inputs[] = {a->operand[0], cli_text(a, "vocab")};
    for (size_t i = 0; i < 2; i++)
        if (base_path_is_in(inputs[i], out))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: found it in %s, which would be replaced; expected another folder",
                             inputs[i], out);
    nn_model *model = make(a, error);
    bool ok = model && cli_model_save(a, model, out, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: %zu parameters, embeddings of %zu numbers", out,
                 nn_params_elements(model->encoder->params) +
                     nn_params_elements(model->module_params),
                 model->width);
    nn_model_free(model);
    return ok;
}

const cli_command cli_command_init = {
    .name = "init",
    .summary = "Make a model folder with random weights, or from word vectors",
    .usage = "CONFIG.json|VECTORS.txt[.gz] --out DIR [--vocab FILE]",
    .details =
        "CONFIG is an experiment's config with model.config and model.vocab, or an encoder's\n"
        "config.json (then --vocab). VECTORS are word vectors as GloVe writes them, a line \"WORD\n"
        "NUMBER ...\" a word; the model averages those of a text's words.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 1,
    .computes = true,
    .run = run,
};
