/* Results as a table: TSV with a header, or JSON lines with an object a row. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/options.h"
#include "data/corpus.h"

/* The options' rows in a command's table. */
#define CLI_TABLE_OPTIONS                                                                          \
    {"json", CLI_FLAG, NULL, NULL, "JSON lines instead of a table", 0, 0},                         \
        {"out", CLI_OUT, "FILE", "-", "file to write: .tsv or .jsonl; -: standard output", 0, 0},  \
        CLI_OVERWRITE_OPTION

typedef struct cli_table cli_table;

/* Whether `path` ends in .tsv or .jsonl, or is "-", so that a command can say so before any work;
 * `option` is its name for the message. */
bool cli_table_check(const char *path, const char *option, base_error *error);

/* The same of the command's --out, which its flag --json does not contradict. */
bool cli_table_check_out(const cli_arguments *a, base_error *error);

/* Opens a file beside `path`, or standard output for "-" (JSON lines when `json` is true), whose
 * columns have these names (NULL-terminated, static). End with cli_table_finish or
 * cli_table_abandon. */
cli_table *cli_table_open(const char *path, bool json, const char *const *columns,
                          base_error *error);

/* The row's next value. In TSV a TAB or line end of a text becomes a blank. */
void cli_table_size(cli_table *table, size_t value);
void cli_table_number(cli_table *table, double value, int digits); /* as %.*f; JSON: significant */
void cli_table_text(cli_table *table, data_text text);

/* Ends the row, which has a value for every column. False when a value or the row failed. */
bool cli_table_end_row(cli_table *table);

/* Puts the file into its place. Frees the table, also on failure. */
bool cli_table_finish(cli_table *table);

/* Removes the file. Frees the table; NULL is fine. */
void cli_table_abandon(cli_table *table);

#endif
