/* A corpus in memory: rows of k text columns and a target, with the file and line each came from.
 */
#ifndef DATA_CORPUS_H
#define DATA_CORPUS_H

#include "base/memory.h"

#include <stdint.h>

typedef enum data_target_kind {
    DATA_TARGET_NONE,
    DATA_TARGET_CLASS,
    DATA_TARGET_SCORE
} data_target_kind;

enum { DATA_MAX_COLUMNS = 16, DATA_SAMPLES = 3 };

typedef struct data_text {
    const char *bytes; /* valid UTF-8, not NUL-terminated, owned by the corpus */
    size_t size;
} data_text;

/* Everything a row can be; `text` beyond `columns` are empty. */
typedef struct data_row {
    data_text text[DATA_MAX_COLUMNS];
    size_t columns;
    uint32_t label; /* DATA_TARGET_CLASS */
    double score;   /* DATA_TARGET_SCORE, as in the file */
    size_t line;    /* 1-based line of the file */
} data_row;

typedef struct data_corpus data_corpus;

/* An empty corpus with `columns` text columns. */
data_corpus *data_corpus_new(const char *name, size_t columns, data_target_kind kind,
                             base_error *error);
void data_corpus_free(data_corpus *corpus);

/* A label that rows can have; name[0..size) is copied. Labels are numbered from 0 as they are
 * added; several may stand for one value. */
bool data_corpus_add_label(data_corpus *corpus, const char *name, size_t size, uint32_t value,
                           base_error *error);
size_t data_corpus_labels(const data_corpus *corpus);
const char *data_corpus_label_name(const data_corpus *corpus, size_t i);
uint32_t data_corpus_label_value(const data_corpus *corpus, size_t i);

/* The value of the label of that name; false when there is none. */
bool data_corpus_find_label(const data_corpus *corpus, const char *name, uint32_t *value);

/* Gives every label and every row that has the value v the value to[v]. */
bool data_corpus_relabel(data_corpus *corpus, const uint32_t *to, base_error *error);

/* Scores of the corpus lie in low..high (low < high), which losses take as 0..1. */
void data_corpus_set_range(data_corpus *corpus, double low, double high);
bool data_corpus_range(const data_corpus *corpus, double *low, double *high); /* false: none */

/* Copies a row in (row->columns must equal the corpus's). */
bool data_corpus_add(data_corpus *corpus, const data_row *row, base_error *error);

/* A copy of the rows i for which of[i] is `kept` (`of` NULL: of all), with name, labels and range,
 * and no counts of rows that were skipped. */
data_corpus *data_corpus_part(const data_corpus *corpus, const bool *of, bool kept,
                              base_error *error);

/* Counts a row that the reader skipped (gold label "-"), or sets the count; counts ill-formed UTF-8
 * that was replaced. */
void data_corpus_count_skipped(data_corpus *corpus);
void data_corpus_set_skipped(data_corpus *corpus, size_t count);
void data_corpus_count_replaced(data_corpus *corpus, size_t count, size_t line);

size_t data_corpus_rows(const data_corpus *corpus);
size_t data_corpus_skipped(const data_corpus *corpus);
size_t data_corpus_replaced(const data_corpus *corpus, size_t *first_line);
size_t data_corpus_columns(const data_corpus *corpus);
data_target_kind data_corpus_kind(const data_corpus *corpus);
const char *data_corpus_name(const data_corpus *corpus);

/* Row i (< rows). Pointers stay valid until the next add, drop or free. */
void data_corpus_row(const data_corpus *corpus, size_t i, data_row *out);

/* Parts of row i: its label (0 without labels), its score mapped from the range to 0..1 (as it is
 * without a range, 0 without scores), its line. */
uint32_t data_corpus_label(const data_corpus *corpus, size_t i);
double data_corpus_unit_score(const data_corpus *corpus, size_t i);
size_t data_corpus_line(const data_corpus *corpus, size_t i);

/* Whether a row may have its lines in common with other rows or with what is no row, as in a JSON
 * array. */
void data_corpus_share_lines(data_corpus *corpus);
bool data_corpus_shares_lines(const data_corpus *corpus);

/* Smallest and largest score, as in the file, of a corpus with scores and rows. */
void data_corpus_scores(const data_corpus *corpus, double *least, double *most);

/* Rows with each label: of the value v into rows[v], v < values. */
void data_corpus_count_labels(const data_corpus *corpus, size_t *rows, size_t values);

/* ---- a corpus that is larger than memory ----
 *
 * Its rows are taken part by part and forgotten: the corpus then has its first DATA_SAMPLES rows at
 * hand, which are all that data_corpus_rows counts and data_corpus_row gives, and still knows of
 * all rows what the functions above tell: labels, scores and their range, counts. */

/* What is known of rows that were forgotten. */
typedef struct data_forgotten {
    size_t rows;
    double least, most; /* of their scores */
    size_t *label_rows; /* [labels] by value */
    size_t labels;
} data_forgotten;

/* Forgets all rows but the first DATA_SAMPLES. Labels must be below 65536. */
bool data_corpus_forget(data_corpus *corpus, base_error *error);
const data_forgotten *data_corpus_forgotten(const data_corpus *corpus);

/* The same as if such rows had been forgotten; copied. */
bool data_corpus_set_forgotten(data_corpus *corpus, const data_forgotten *forgotten,
                               base_error *error);

/* All rows there were; those at hand that were there already when others were forgotten; bytes that
 * the texts at hand take. */
size_t data_corpus_all_rows(const data_corpus *corpus);
size_t data_corpus_seen(const data_corpus *corpus);
size_t data_corpus_bytes(const data_corpus *corpus);

#endif
