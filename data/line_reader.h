/* The lines of a text file, streamed.
 *
 * Only LF ends a line; a CR before it is dropped, a UTF-8 byte order mark at the start of the file
 * too. VT, FF, U+0085, U+2028 and NUL are text. Ill-formed UTF-8 is replaced as base/utf8.h says
 * and counted. What follows the last LF is a line when it is not empty. */
#ifndef DATA_LINE_READER_H
#define DATA_LINE_READER_H

#include "base/error.h"

#include <stdint.h>

typedef struct data_line {
    const char *bytes; /* valid UTF-8, no LF, valid until the next call of next or peek */
    size_t size;
    size_t number; /* 1-based line of the file */
    bool ended_cr; /* a CR stood before the LF */
} data_line;

typedef struct data_line_reader data_line_reader;

/* Opens a plain or gzipped file, "-" being standard input. Free with data_line_reader_close. */
data_line_reader *data_line_reader_open(const char *path, base_error *error);
void data_line_reader_close(data_line_reader *reader);

/* The next line; false at the end of the file or on failure (base_ok tells which). */
bool data_line_reader_next(data_line_reader *reader, data_line *line, base_error *error);

/* The same line that `next` will give, without taking it. */
bool data_line_reader_peek(data_line_reader *reader, data_line *line, base_error *error);

/* Bytes of the file, as they lie on the disk, that were read so far. */
uint64_t data_line_reader_taken(const data_line_reader *reader);

/* The file's name as it stands in messages. */
const char *data_line_reader_name(const data_line_reader *reader);

/* Ill-formed parts replaced so far, and the line of the first (0: none); `warn` logs a warning when
 * there are any. */
size_t data_line_reader_replaced(const data_line_reader *reader, size_t *first_line);
void data_line_reader_warn(const data_line_reader *reader);

#endif
