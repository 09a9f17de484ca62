/* Cross-encoders for commands that order candidates. */
#ifndef CLI_CROSS_H
#define CLI_CROSS_H

#include "cli/options.h"
#include "nn/model.h"

/* A cross-encoder with one label, whose score orders pairs. Free with nn_model_free. */
nn_model *cli_cross_load(const char *folder, base_error *error);

/* Scores of `count` pairs (first[i], second[i]) into score[count], with progress; a signal stops
 * it. `prints`: results go to standard output meanwhile. */
bool cli_cross_scores(const cli_arguments *a, const nn_model *model, const data_text *first,
                      const data_text *second, size_t count, bool prints, float *score,
                      base_error *error);

/* A candidate of a query: its score, and its number among all, which orders equal scores. */
typedef struct cli_candidate {
    float score;
    size_t query, row;
} cli_candidate;

/* Queries in rising order, of each the best candidates first. */
void cli_candidates_sort(cli_candidate *candidates, size_t count);

#endif
