/* What a reader plug-in is, and what readers share, for the files data/reader_*.c. */
#ifndef DATA_READER_DEF_H
#define DATA_READER_DEF_H

#include "base/json.h"
#include "base/number.h"
#include "data/corpus.h"
#include "data/line_reader.h"

enum { DATA_MAX_WANTED = DATA_MAX_COLUMNS + 1 };

/* One field of a row. */
typedef struct data_field {
    const char *bytes;
    size_t size;
    size_t line, column; /* 1-based place in the file, the column in bytes; column 0: unknown */
} data_field;

/* A file being read. `next` puts the wanted fields of a row into `field`; they stay valid until it
 * is called again. */
typedef struct data_reading {
    const char *file; /* its name for messages */
    data_line_reader *lines;
    size_t text_columns, wanted;       /* wanted: text columns, and behind them the target if any */
    const char *name[DATA_MAX_WANTED]; /* their names */
    const char *need;                  /* who needs the target; NULL: nobody says */
    data_field field[DATA_MAX_WANTED];
    size_t line;     /* where the row begins */
    uint64_t before; /* bytes of the files before this one */

    /* Tables: all cells of the row, and where the wanted ones stand. */
    bool no_header; /* the columns' names are their numbers */
    bool row_waits; /* the first row has been read for these */
    data_field *cells;
    size_t cells_count, cells_capacity, header_cells;
    size_t position[DATA_MAX_WANTED];
    base_bytes text; /* unquoted cells of CSV; an object of a JSON array */

    /* JSON: the row's object, a target that is a number as text, and of an array the line at hand
     * and the byte in it. */
    cJSON *tree;
    char number[BASE_NUMBER_SIZE];
    data_line scanned;
    size_t at;
} data_reading;

typedef struct data_reader_def {
    const char *name, *summary;
    /* Whether a file is of this format, by its name and first line; the first in readers.def that
     * says so is taken when no format is asked for. */
    bool (*recognises)(const char *path, const data_line *first);
    /* Reads the header, if there is one, and finds the wanted columns in it. */
    bool (*open)(data_reading *reading, base_error *error);
    /* The next row; false at the end of the file or on failure. */
    bool (*next)(data_reading *reading, base_error *error);
    bool header_optional;         /* a file may have none */
    bool shares_lines;            /* a row may have its lines in common with others */
    double score_low, score_high; /* that the format has; equal: it has none */
} data_reader_def;

/* True when the path ends in suffix, or in suffix and ".gz". */
bool data_path_ends(const char *path, const char *suffix);

/* " (" NEED ")" when the missing column `name`, one of reading->name, is the target, else "". */
const char *data_reading_need(const data_reading *reading, const char *name, char *out,
                              size_t size);

/* ---- tables (data/reader_table.c): cells to wanted fields, through a header ---- */

/* Appends a cell to the row. */
bool data_table_add(data_reading *reading, data_field cell, base_error *error);

/* Replaces the row by the cells of the next line, split at TABs, nothing quoted; false at the end
 * of the file or on failure. */
bool data_table_tabs(data_reading *reading, base_error *error);

/* Takes the row as the header: finds the wanted columns, refuses missing and ambiguous ones. */
bool data_table_header(data_reading *reading, base_error *error);

/* Fills the wanted fields from the row, which must have as many cells as the header; `ragged`: it
 * may lack cells behind the last wanted one. */
bool data_table_fields(data_reading *reading, bool ragged, base_error *error);

/* ---- JSON (data/reader_json.c) ---- */

/* Fills the wanted fields from the object on the next line: text columns must be strings, the
 * target a string, a number, true or false. A column "negatives[2]", where no key is named so, is
 * the third element of the list "negatives". False at the end of the file or on failure. */
bool data_json_line(data_reading *reading, base_error *error);

#endif
