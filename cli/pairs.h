/* Files of pairs, as `sbert eval`, `predict` and `similarity --pairs` read them: any format of the
 * corpora, with the options --columns, --no-header and --format. */
#ifndef CLI_PAIRS_H
#define CLI_PAIRS_H

#include "cli/options.h"
#include "data/reader.h"
#include "eval/evaluator.h"

/* The options' rows in a command's table. */
#define CLI_PAIRS_OPTIONS                                                                          \
    {"columns",                                                                                    \
     CLI_TEXT,                                                                                     \
     "A=B,...",                                                                                    \
     NULL,                                                                                         \
     "the column A (sentence1, score, gold_label, ...) is called B in the files",                  \
     0,                                                                                            \
     0},                                                                                           \
        {"no-header",                                                                              \
         CLI_FLAG,                                                                                 \
         NULL,                                                                                     \
         NULL,                                                                                     \
         "the first line of a table has no names; columns are 1, 2, ...",                          \
         0,                                                                                        \
         0},                                                                                       \
    {                                                                                              \
        "format", CLI_TEXT, "NAME", "told by name and first line",                                 \
            "of all files: stsb, nli, jsonl, json, csv or tsv; standard input with TABs is tsv",   \
            0, 0                                                                                   \
    }

/* Whether the options make sense, so that a command can say so before any work. */
bool cli_pairs_check(const cli_arguments *a, base_error *error);

/* Reads a file ("-": standard input); `what` says all but columns, target, header and format. Free
 * with data_corpus_free. */
data_corpus *cli_pairs_read(const cli_arguments *a, const char *file,
                            const data_reader_options *what, base_error *error);

/* Reads what an evaluator needs, as the options say; `what` says labels, range
 * and, for one that needs a loss, the kind of target and perhaps columns. Release with
 * eval_data_free, also on failure. */
bool cli_eval_read(const cli_arguments *a, const eval_def *def, const char *file,
                   const data_reader_options *what, eval_data *out, base_error *error);

/* Reads the pairs of a file and gives their embeddings to `take` part by part (eval/evaluator.h),
 * with progress; a signal stops it. Results may go to standard output meanwhile. */
bool cli_pairs_embed(const cli_arguments *a, const char *file, const nn_model *model,
                     eval_take *take, void *context, base_error *error);

/* The same of a cross-encoder: the logits of the pairs. */
bool cli_pairs_score(const cli_arguments *a, const char *file, const nn_model *model,
                     eval_take_logits *take, void *context, base_error *error);

#endif
