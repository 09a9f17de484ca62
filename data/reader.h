/* Readers: a corpus file to a corpus. One file a format, one line in readers.def.
 *
 * Plain or gzipped files. Only LF ends a row (a CR before it is dropped), a UTF-8 BOM at the start is
 * dropped, no quoting except in CSV. Rows read + rows skipped = rows in the file. An error names
 * file, line and column (or byte offset), what was found and what was expected. */
#ifndef DATA_READER_H
#define DATA_READER_H

#include "data/corpus.h"

/* What to read. Arrays belong to the caller. Names that are NULL take the format's own defaults. */
typedef struct data_reader_options {
    const char *format;  /* name in readers.def; NULL: by file name */
    size_t columns;      /* text columns wanted; 0: the format's own (2) */
    const char *column[DATA_MAX_COLUMNS]; /* their names in the header or JSON object */
    data_target_kind kind;
    const char *target;  /* name of the label or score column */
    size_t labels;       /* known labels; 0: entailment 0, neutral 1, contradiction 2 */
    const char *const *label_name;
    const uint32_t *label_value;
    const char *skip_label; /* rows with this label are skipped and counted; NULL: "-" */
    double score_low, score_high; /* a score outside is an error; both 0: [0, 5] */
} data_reader_options;

/* Reads the file; free the result with data_corpus_free. */
data_corpus *data_read(const char *path, const data_reader_options *options, base_error *error);

/* The formats' names, NULL-terminated (for help and messages). */
const char *const *data_reader_names(void);

#endif
