#include "cli/similarity.h"

#include "cli/command.h"

#include <float.h>
#include <string.h>

bool cli_similarity_kind(const cli_arguments *a, const nn_model *model,
                         search_similarity_kind *kind, base_error *error) {
    const char *given = cli_text(a, "similarity");
    const char *name = given ? given : model ? model->similarity : "cosine";
    char shown[100];
    *kind = search_similarity_find(name);
    return *kind < SEARCH_MANHATTAN ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: %s is '%s', expected --similarity cosine, dot or euclidean",
                     a->command->name, given ? "--similarity" : "the model's similarity",
                     base_escape(shown, sizeof shown, name, strlen(name)));
}

bool cli_similarity_number(const cli_arguments *a, const char *name, search_similarity_kind kind,
                           double *out, base_error *error) {
    static const struct limits {
        double low, high;
    } limits[] = {[SEARCH_COSINE] = {-1, 1},
                  [SEARCH_DOT] = {-DBL_MAX, DBL_MAX},
                  [SEARCH_EUCLIDEAN] = {-DBL_MAX, 0}};
    return cli_number(a, name, limits[kind].low, limits[kind].high, out, error);
}
