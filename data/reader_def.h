/* What a reader plug-in is, for the files data/reader_*.c. */
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
    data_field field[DATA_MAX_WANTED];
    size_t line; /* where the row begins */

    /* Tables (data/table.h): all cells of the row, and where the wanted ones stand. */
    data_field *cells;
    size_t cells_count, cells_capacity, header_cells;
    size_t position[DATA_MAX_WANTED];
    base_bytes text; /* unquoted cells of CSV */

    /* JSON lines: the row's object, and a target that is a number as text. */
    cJSON *tree;
    char number[BASE_NUMBER_SIZE];
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
} data_reader_def;

/* True when the path ends in suffix, or in suffix and ".gz". */
bool data_path_ends(const char *path, const char *suffix);

#endif
