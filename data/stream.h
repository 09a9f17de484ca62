/* The bytes of a file, plain or gzipped (told by the first two bytes, RFC 1952). */
#ifndef DATA_STREAM_H
#define DATA_STREAM_H

#include "base/error.h"

#include <stdint.h>

typedef struct data_stream data_stream;

/* Opens the file, "-" being standard input. A missing file is BASE_BAD_INPUT. Free with
 * data_stream_close. */
data_stream *data_stream_open(const char *path, base_error *error);

/* Up to `size` (>= 1) of the next unpacked bytes; *got 0 at the end. Members of a gzip file follow
 * one another, zero bytes may follow the last. A gzip file that is cut short or damaged fails with
 * the byte offset in the file: no bytes are ever silently missing. */
bool data_stream_read(data_stream *stream, char *out, size_t size, size_t *got, base_error *error);

/* Bytes of the file, as they lie on the disk, that were read so far. */
uint64_t data_stream_taken(const data_stream *stream);

/* The path as it stands in messages. */
const char *data_stream_name(const data_stream *stream);

void data_stream_close(data_stream *stream);

#endif
