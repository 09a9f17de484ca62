/* The three kinds of work of `sbert mine`, for the files cli/mine_*.c; the command has their
 * options (cli/command_mine.c). */
#ifndef CLI_MINE_H
#define CLI_MINE_H

#include "cli/options.h"
#include "cli/table.h"
#include "nn/model.h"
#include "search/heap.h"
#include "search/similarity.h"

typedef struct cli_mining {
    const cli_arguments *arguments;
    nn_model *model; /* NULL: vectors alone */
    search_similarity_kind kind;
    const char *const *files; /* operands without the model */
    const char *out;          /* "-": standard output */
} cli_mining;

/* Pairs in one file; between two; hard negatives for a file of pairs. */
bool cli_mine_pairs(const cli_mining *mining, base_error *error);
bool cli_mine_bitext(const cli_mining *mining, base_error *error);
bool cli_mine_negatives(const cli_mining *mining, base_error *error);

/* Most pairs that are wanted: --max-pairs; with --threshold alone all. */
size_t cli_mine_most(const cli_mining *mining);

/* A table of results (cli_table_open), and its end: finished when `ok`, else abandoned. */
cli_table *cli_mine_open(const cli_mining *mining, const char *const *columns, base_error *error);
bool cli_mine_close(cli_table *table, bool ok);

#endif
