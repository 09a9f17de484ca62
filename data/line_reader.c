#include "data/line_reader.h"

#include "base/log.h"
#include "base/utf8.h"
#include "data/stream.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16 };

struct data_line_reader {
    data_stream *stream;
    char *bytes; /* read and not yet given out: [at, filled) */
    size_t at, filled, capacity;
    bool stream_ended, peeked;
    data_line line; /* the peeked one */
    size_t lines, replaced, first_replaced;
    base_bytes clean; /* a line with its ill-formed parts replaced */
};

static bool read_more(data_line_reader *r, base_error *error) {
    size_t got;
    if (r->at > 0) {
        memmove(r->bytes, r->bytes + r->at, r->filled - r->at);
        r->filled -= r->at;
        r->at = 0;
    }
    if (!base_grow(&r->bytes, &r->capacity, r->filled + CHUNK, 1, error) ||
        !data_stream_read(r->stream, r->bytes + r->filled, CHUNK, &got, error))
        return false;
    r->filled += got;
    r->stream_ended = got == 0;
    return true;
}

static bool begins_mark(char byte) {
    return byte && strchr("\xef\xfe\xff", byte);
}

static bool drop_mark(data_line_reader *r, base_error *error) {
    while (r->filled < 3 && !r->stream_ended && (r->filled == 0 || begins_mark(r->bytes[0])))
        if (!read_more(r, error))
            return false;
    if (r->filled >= 2 && (!memcmp(r->bytes, "\xff\xfe", 2) || !memcmp(r->bytes, "\xfe\xff", 2)))
        return base_fail(
            error, BASE_BAD_INPUT,
            "%s: line 1, column 1: found a UTF-16 byte order mark, expected UTF-8 text",
            data_line_reader_name(r));
    if (r->filled >= 3 && !memcmp(r->bytes, "\xef\xbb\xbf", 3))
        r->at = 3;
    return true;
}

data_line_reader *data_line_reader_open(const char *path, base_error *error) {
    data_line_reader *r = base_alloc(1, sizeof *r, error);
    if (!r)
        return NULL;
    r->stream = data_stream_open(path, error);
    if (r->stream && drop_mark(r, error))
        return r;
    data_line_reader_close(r);
    return NULL;
}

void data_line_reader_close(data_line_reader *r) {
    if (!r)
        return;
    data_stream_close(r->stream);
    free(r->bytes);
    base_bytes_free(&r->clean);
    free(r);
}

/* Finds the raw line at r->at; *end is behind it, *next behind its LF. */
static bool find_end(data_line_reader *r, size_t *end, size_t *next, base_error *error) {
    size_t searched = 0;
    for (;;) {
        size_t from = r->at + searched;
        const char *lf = r->filled > from ? memchr(r->bytes + from, '\n', r->filled - from) : NULL;
        if (lf || r->stream_ended) {
            *end = lf ? (size_t)(lf - r->bytes) : r->filled;
            *next = lf ? *end + 1 : *end;
            return *next > r->at;
        }
        searched = r->filled - r->at;
        if (!read_more(r, error))
            return false;
    }
}

static bool clean(data_line_reader *r, data_line *line, base_error *error) {
    size_t replaced;
    if (base_utf8_invalid(line->bytes, line->size) == line->size)
        return true;
    r->clean.size = 0;
    if (!base_utf8_clean(line->bytes, line->size, &r->clean, &replaced, error))
        return false;
    if (r->replaced == 0)
        r->first_replaced = line->number;
    r->replaced += replaced;
    line->bytes = r->clean.data;
    line->size = r->clean.size;
    return true;
}

bool data_line_reader_next(data_line_reader *r, data_line *line, base_error *error) {
    if (r->peeked) {
        r->peeked = false;
        *line = r->line;
        return true;
    }
    size_t end, next;
    if (!find_end(r, &end, &next, error))
        return false;
    bool cr = next > end && end > r->at && r->bytes[end - 1] == '\r';
    *line = (data_line){r->bytes + r->at, end - r->at - cr, ++r->lines, cr};
    r->at = next;
    return clean(r, line, error);
}

bool data_line_reader_peek(data_line_reader *r, data_line *line, base_error *error) {
    if (!r->peeked)
        r->peeked = data_line_reader_next(r, &r->line, error);
    *line = r->line;
    return r->peeked;
}

uint64_t data_line_reader_taken(const data_line_reader *r) {
    return data_stream_taken(r->stream);
}

const char *data_line_reader_name(const data_line_reader *r) {
    return data_stream_name(r->stream);
}

size_t data_line_reader_replaced(const data_line_reader *r, size_t *first_line) {
    *first_line = r->first_replaced;
    return r->replaced;
}

void data_line_reader_warn(const data_line_reader *r) {
    if (r->replaced)
        base_log(BASE_LOG_WARNING,
                 "%s: %zu ill-formed parts of UTF-8 were replaced, the first in line %zu",
                 data_line_reader_name(r), r->replaced, r->first_replaced);
}
