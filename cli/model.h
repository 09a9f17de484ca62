/* The model that a command encodes with, and the options of encoding. */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include "cli/options.h"
#include "nn/model.h"

/* The options' rows in a command's table. */
#define CLI_MODEL_OPTIONS                                                                          \
    {"prompt", CLI_TEXT, "TEXT", NULL, "put before every sentence", 0, 0},                         \
        {"prompt-name",                                                                            \
         CLI_TEXT,                                                                                 \
         "NAME",                                                                                   \
         "the model's default, if it has one",                                                     \
         "the prompt that the model has by this name",                                             \
         0,                                                                                        \
         0},                                                                                       \
        {"base",                                                                                   \
         CLI_TEXT,                                                                                 \
         "DIR",                                                                                    \
         "as they say",                                                                            \
         "of a folder of adapters: the model that they are for",                                   \
         0,                                                                                        \
         0},                                                                                       \
    {                                                                                              \
        "truncate-dim", CLI_SIZE, "N", "0", "only the first N numbers of a vector; 0: all", 0,     \
            CLI_TRUNCATE_MAX                                                                       \
    }
enum { CLI_TRUNCATE_MAX = 1 << 20 };

/* Loads the model folder as these options say. */
nn_model *cli_model_load(const cli_arguments *a, const char *folder, base_error *error);

/* Rows for models whose queries have a prompt of their own. */
#define CLI_QUERY_OPTIONS                                                                          \
    {"query-prompt", CLI_TEXT, "TEXT", "that of the texts", "put before every query", 0, 0}, {     \
        "query-prompt-name", CLI_TEXT, "NAME", NULL, "the prompt that the model has by this name", \
            0, 0                                                                                   \
    }

/* The prompt of queries: of these options, else what cli_model_load gave the model. Release it with
 * data_prompt_release, also on failure. */
bool cli_query_prompt(const cli_arguments *a, const nn_model *model, data_prompt *prompt,
                      base_error *error);

/* The same of a bi-encoder or a cross-encoder. */
nn_model *cli_model_load_any(const cli_arguments *a, const char *folder, base_error *error);

/* Writes the model as a folder; the option "overwrite" lets it replace a model that is there. The
 * first signal waits until the folder is in its place: no part of it is left beside it. */
bool cli_model_save(const cli_arguments *a, const nn_model *m, const char *folder,
                    base_error *error);

#endif
