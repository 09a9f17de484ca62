/* By which function a command compares vectors, and numbers that such a function can give. */
#ifndef CLI_SIMILARITY_H
#define CLI_SIMILARITY_H

#include "cli/options.h"
#include "nn/model.h"
#include "search/similarity.h"

/* The option's row in a command's table. */
#define CLI_SIMILARITY_OPTION                                                                      \
    {                                                                                              \
        "similarity", CLI_TEXT, "NAME", "the model's; without MODEL cosine",                       \
            "cosine, dot or euclidean (the distance, negated)", 0, 0                               \
    }

/* The function of --similarity, else the model's, else (model NULL) the cosine. An error:
 * Manhattan, which is no product of matrices, and unknown names. */
bool cli_similarity_kind(const cli_arguments *a, const nn_model *model,
                         search_similarity_kind *kind, base_error *error);

/* The number of an option that is a similarity of this kind: a cosine is from -1 to 1, a negated
 * distance at most 0. *out is left alone when the option was not given. */
bool cli_similarity_number(const cli_arguments *a, const char *name, search_similarity_kind kind,
                           double *out, base_error *error);

#endif
