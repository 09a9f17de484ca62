/* Readers: a corpus file to a corpus. One file a format, one line in readers.def.
 *
 * Plain or gzipped files. Only LF ends a row (a CR before it is dropped), a UTF-8 BOM at the start
 * is dropped, no quoting except in CSV. Rows read + rows skipped = rows in the file. An error names
 * file, line and column (or byte offset), what was found and what was expected. */
#ifndef DATA_READER_H
#define DATA_READER_H

#include "data/corpus.h"

/* What labels stand for when nothing lists them: entailment 0, neutral 1, contradiction 2. */
enum { DATA_USUAL_LABELS = 3 };
extern const char *const data_usual_label[DATA_USUAL_LABELS];

/* Takes rows while they are read, so that a corpus may be larger than memory: whenever the
 * texts at hand take `bytes` bytes, and at the end. The rows from data_corpus_seen on are new;
 * after the call they are forgotten (data_corpus_forget). Labels that are found have the numbers of
 * their order then, and those of the corpus at the end are data_corpus_label_value(corpus, number).
 * `read`: bytes of the files so far, as they lie on the disk. */
typedef struct data_row_taker {
    size_t bytes;
    bool (*take)(void *context, const data_corpus *corpus, uint64_t read, base_error *error);
    void *context;
} data_row_taker;

/* What to read; {0} reads pairs without a target. Arrays belong to the caller. */
typedef struct data_reader_options {
    const char *format; /* name in readers.def; NULL: told by the file's name and first line */
    size_t columns;     /* text columns wanted; 0: 2 */
    const char *column[DATA_MAX_COLUMNS]; /* their names; all NULL: sentence1, sentence2 */
    data_target_kind kind;
    const char *target; /* name of the label or score column; NULL: gold_label, score */
    const char *need;   /* who needs it, for the message about a file without it: "the loss cosent
                         * takes scores"; NULL: nobody says */
    size_t labels;      /* known labels; 0: the usual ones */
    const char *const *label_name;
    const uint32_t *label_value;
    bool find_labels;             /* instead: those of the file, at most DATA_MOST_LABELS */
    const char *skip_label;       /* rows with this label are skipped and counted; NULL: "-" */
    double score_low, score_high; /* a score outside is an error; equal: the format's, if any */
    bool no_header; /* of tables: the columns' names are their numbers, "1", "2", ... */
    const data_row_taker *taker; /* NULL: all rows are in the corpus */
} data_reader_options;

enum { DATA_MOST_LABELS = 1000 };

/* Reads the files (count >= 1; "-": standard input) one after the other as one corpus, named after
 * all of them; free it with data_corpus_free. Files without a row to keep are an error.
 *
 * Labels that are found get numbers in the order of their first appearance; when all of them are
 * usual ones, the usual numbers. The corpus has its labels (data_corpus_labels) and, when declared
 * or known from the formats, the range of its scores; without a range any number is a score. */
data_corpus *data_read_files(const char *const *paths, size_t count,
                             const data_reader_options *options, base_error *error);

/* The same of one file. */
data_corpus *data_read(const char *path, const data_reader_options *options, base_error *error);

/* The formats' names, NULL-terminated (for help and messages). */
const char *const *data_reader_names(void);

/* One line about the format; NULL when there is none of that name. */
const char *data_reader_summary(const char *name);

#endif
