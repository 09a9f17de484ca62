/* The loss that `sbert eval --loss` measures. */
#ifndef CLI_OBJECTIVE_H
#define CLI_OBJECTIVE_H

#include "cli/options.h"
#include "losses/loss.h"
#include "nn/model.h"

/* The option's row in a command's table. */
#define CLI_OBJECTIVE_OPTION                                                                       \
    {                                                                                              \
        "objective", CLI_TEXT, "LOSS", NULL,                                                       \
            "--loss: the name of a loss without parameters, or its JSON as in a config; else "     \
            "that "                                                                                \
            "of the model's folder",                                                               \
            0, 0                                                                                   \
    }

/* The loss of --objective, or the one in the folder of the model, the first operand; for embeddings
 * of the model. Free with loss_free. */
loss *cli_objective(const cli_arguments *a, const nn_model *model, base_error *error);

#endif
