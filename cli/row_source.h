/* Where rows of vectors come from: sentences of a file through a model, or vectors made before. The
 * lines of a regular file are counted, and then read a part at a time, so that it may be larger
 * than memory. */
#ifndef CLI_ROW_SOURCE_H
#define CLI_ROW_SOURCE_H

#include "cli/options.h"
#include "cli/sentences.h"
#include "nn/model.h"
#include "search/vectors.h"

enum { CLI_ROWS_AT_ONCE = 4096 };

/* Start with {0}; close also when it could not be opened. */
typedef struct cli_row_source {
    const cli_arguments *arguments;
    const nn_model *model; /* NULL: vectors */
    nn_context *context;
    const char *name;        /* the file's */
    data_line_reader *lines; /* NULL: all sentences are read */
    cli_sentences sentences; /* all, or the part at hand */
    search_vectors vectors;
    size_t count, width; /* of the rows */
    float *whole;        /* [vectors.width] */
} cli_row_source;

/* Opens a file of vectors (.npy), or of texts ("-": standard input) for `model` (NULL: none, then
 * texts are an error). Of the options it takes those of CLI_MODEL_OPTIONS, batch-tokens and out. */
bool cli_row_source_open(cli_row_source *s, const cli_arguments *a, const nn_model *model,
                         const char *file, base_error *error);
void cli_row_source_close(cli_row_source *s);

/* What takes rows, a part at a time; the texts of vectors have no bytes. */
typedef struct cli_row_taker {
    bool (*take)(void *context, size_t part, const data_text *text, const float *rows, size_t count,
                 base_error *error);
    void *context;
    const bool *parts; /* those that it takes; NULL: all */
    size_t done;       /* rows that were done before, for the progress line */
} cli_row_taker;

/* Gives all rows of the parts, each of `part` rows but the last one, with a progress line. The bits
 * of a row depend on the rows of its part alone. */
bool cli_row_source_give(cli_row_source *s, size_t part, const cli_row_taker *taker,
                         base_error *error);

#endif
