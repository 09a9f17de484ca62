/* Cross-encoders for commands that order candidates. */
#ifndef CLI_CROSS_H
#define CLI_CROSS_H

#include "cli/options.h"
#include "nn/model.h"

/* A cross-encoder with one label, whose score orders pairs. */
typedef struct cli_cross {
    nn_model *model; /* NULL: none */
    nn_context *context;
    size_t pairs, truncated; /* scored so far, and how many of them were cut */
} cli_cross;

/* Loads the folder; close it, also on failure, with cli_cross_close, which says how many pairs were
 * cut. Start with {0}. */
bool cli_cross_open(cli_cross *cross, const char *folder, base_error *error);
void cli_cross_close(cli_cross *cross);

/* Scores of `count` pairs (first[i], second[i]) into score[count], through the head's activation.
 * Errors: out of memory; the context's progress stopped it. */
bool cli_cross_score(cli_cross *cross, const data_text *first, const data_text *second,
                     size_t count, float *score, base_error *error);

/* A candidate of a query: its score, and its number among all, which orders equal scores. */
typedef struct cli_candidate {
    float score;
    size_t query, row;
} cli_candidate;

/* Queries in rising order, of each the best candidates first. */
void cli_candidates_sort(cli_candidate *candidates, size_t count);

#endif
