/* What a command searches, mines or clusters: texts of a file, their vectors, or both. */
#ifndef CLI_CORPUS_H
#define CLI_CORPUS_H

#include "cli/options.h"
#include "cli/sentences.h"
#include "nn/model.h"
#include "search/vectors.h"

/* The options' rows in a command's table. */
#define CLI_CORPUS_OPTIONS                                                                         \
    {"vectors",                                                                                    \
     CLI_TEXT,                                                                                     \
     "FILE.npy",                                                                                   \
     NULL,                                                                                         \
     "the vectors of the corpus, made before by sbert encode; row i is text i",                    \
     0,                                                                                            \
     0},                                                                                           \
        {"column",                                                                                 \
         CLI_TEXT,                                                                                 \
         "NAME",                                                                                   \
         "a text a line",                                                                          \
         "the corpus is a table or JSON lines, and its texts stand in this column",                \
         0,                                                                                        \
         0},                                                                                       \
        {"no-header",                                                                              \
         CLI_FLAG,                                                                                 \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "with --column: the first line of a table has no names; columns are 1, 2, ...",           \
         0,                                                                                        \
         0},                                                                                       \
    {                                                                                              \
        "format", CLI_TEXT, "NAME", "told by name and first line",                                 \
            "with --column: stsb, nli, jsonl, json, csv or tsv", 0, 0                              \
    }

/* And of those that show ids. */
#define CLI_ID_OPTION                                                                              \
    {                                                                                              \
        "id-column", CLI_TEXT, "NAME", NULL,                                                       \
            "with --column: the column with the texts' ids, each once, which are shown, too", 0, 0 \
    }

/* Rows of the corpus, 0 .. vectors.count-1. Free with cli_corpus_free, also on failure. */
typedef struct cli_corpus {
    cli_sentences sentences; /* count 0: the corpus is vectors alone */
    search_vectors vectors;
    data_text *id; /* [sentences.count]; NULL: none */
    float *rows;   /* what was encoded here; NULL: vectors are a file's */
} cli_corpus;

/* Reads the texts of a file as the options say ("-": standard input). A file without a text is an
 * error. */
bool cli_corpus_texts(cli_sentences *texts, const cli_arguments *a, const char *file,
                      base_error *error);

/* Whether the corpus `file` comes with vectors, so that no model is needed for it. */
bool cli_corpus_has_vectors(const cli_arguments *a, const char *file);

/* Reads the texts of `file` as the options say ("-": standard input), and maps their vectors or
 * encodes them with the model, with progress; or maps `file` itself when it ends in .npy. `model`
 * may be NULL when there are vectors; else they must be as wide as the model's. An error: other
 * numbers of texts and vectors, no row at all, vectors of another width. Starts the watch of
 * signals (cli/signals.h). */
bool cli_corpus_open(cli_corpus *corpus, const cli_arguments *a, const nn_model *model,
                     const char *file, base_error *error);
void cli_corpus_free(cli_corpus *corpus);

/* For a command of which all sides are vectors: refuses the options of a model's encoding, which
 * would do nothing. */
bool cli_corpus_encodes_nothing(const cli_arguments *a, base_error *error);

/* The same for commands that take "[MODEL] CORPUS": loads the model when there is one. Two operands
 * and vectors are an error, so is a corpus without either. */
bool cli_corpus_operands(cli_corpus *corpus, const cli_arguments *a, base_error *error);

/* The text of a row; empty without texts. */
data_text cli_corpus_text(const cli_corpus *corpus, size_t row);
data_text cli_corpus_id(const cli_corpus *corpus, size_t row); /* empty without ids */

/* Vectors of texts, [count][model->encoded], with progress; to be given to free(). Behind `prompt`;
 * NULL: the model's. Says how many were cut. */
float *cli_corpus_encode(const cli_arguments *a, const nn_model *model, const data_prompt *prompt,
                         const data_text *text, size_t count, base_error *error);

#endif
