#define _POSIX_C_SOURCE 200809L
#include "data/stream.h"

#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { BUFFER = 1 << 16, GZIP_ONLY = 16 };

typedef enum stream_state { PLAIN, IN_MEMBER, BETWEEN_MEMBERS } stream_state;

struct data_stream {
    char name[300]; /* escaped */
    FILE *file;
    stream_state state;
    z_stream gzip;
    size_t size, at; /* of buffer: filled, used */
    uint64_t filled; /* bytes of the file read into buffer so far */
    unsigned char buffer[BUFFER];
};

/* Adds what is there of the file: not the whole buffer, so that a line of a terminal or a pipe can
 * be taken before the next one comes. */
static bool read_some(data_stream *s, base_error *error) {
    ssize_t got;
    do
        got = read(fileno(s->file), s->buffer + s->size, BUFFER - s->size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return base_file_fail(s->name, "read", error);
    s->size += (size_t)got;
    s->filled += (uint64_t)got;
    return true;
}

static bool refill(data_stream *s, base_error *error) {
    s->at = s->size = 0;
    return read_some(s, error);
}

static unsigned long long offset(const data_stream *s) {
    return data_stream_taken(s);
}

static bool start(data_stream *s, base_error *error) {
    if (!refill(s, error) || (s->size == 1 && s->buffer[0] == 0x1f && !read_some(s, error)))
        return false;
    if (s->size < 2 || s->buffer[0] != 0x1f || s->buffer[1] != 0x8b)
        return true;
    s->state = IN_MEMBER;
    if (inflateInit2(&s->gzip, MAX_WBITS + GZIP_ONLY) == Z_OK)
        return true;
    s->state = PLAIN;
    return base_fail(error, BASE_FAILED, "%s: out of memory", s->name);
}

data_stream *data_stream_open(const char *path, base_error *error) {
    data_stream *s = base_alloc(1, sizeof *s, error);
    if (!s)
        return NULL;
    bool standard_input = !strcmp(path, "-");
    base_escape(s->name, sizeof s->name, path, strlen(path));
    s->file = standard_input ? stdin : fopen(path, "rb");
    if (!s->file)
        base_file_fail(s->name, "open", error);
    else if (start(s, error))
        return s;
    data_stream_close(s);
    return NULL;
}

uint64_t data_stream_taken(const data_stream *s) {
    return s->filled - (s->size - s->at);
}

const char *data_stream_name(const data_stream *s) {
    return s->name;
}

static bool read_plain(data_stream *s, char *out, size_t size, size_t *got, base_error *error) {
    if (s->at == s->size && !refill(s, error))
        return false;
    size_t have = s->size - s->at;
    *got = have < size ? have : size;
    memcpy(out, s->buffer + s->at, *got);
    s->at += *got;
    return true;
}

/* Moves to the next member; false in *more at the end of the file. */
static bool next_member(data_stream *s, bool *more, base_error *error) {
    *more = false;
    for (;;) {
        if (s->at == s->size && (!refill(s, error) || s->size == 0))
            return base_ok(error);
        if (s->buffer[s->at] != 0)
            break;
        s->at++;
    }
    if (s->buffer[s->at] != 0x1f)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: byte offset %llu: found byte \\x%02x after a gzip member, expected "
                         "another member or the end of the file",
                         s->name, offset(s), s->buffer[s->at]);
    inflateReset(&s->gzip);
    s->state = IN_MEMBER;
    return *more = true;
}

static bool fail_gzip(data_stream *s, int code, base_error *error) {
    if (code == Z_MEM_ERROR)
        return base_fail(error, BASE_FAILED, "%s: out of memory", s->name);
    return base_fail(
        error, BASE_BAD_INPUT,
        "%s: byte offset %llu: found damaged gzip data (%s), expected a whole gzip file", s->name,
        offset(s), s->gzip.msg ? s->gzip.msg : "no reason given");
}

static bool inflate_some(data_stream *s, char *out, size_t size, size_t *got, base_error *error) {
    if (s->at == s->size && !refill(s, error))
        return false;
    if (s->size == 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: byte offset %llu: the file ends inside its gzip data (cut short?), "
                         "expected the rest",
                         s->name, offset(s));
    s->gzip.next_in = s->buffer + s->at;
    s->gzip.avail_in = (uInt)(s->size - s->at);
    s->gzip.next_out = (unsigned char *)out;
    s->gzip.avail_out = (uInt)size;
    int code = inflate(&s->gzip, Z_NO_FLUSH);
    s->at = s->size - s->gzip.avail_in;
    *got = size - s->gzip.avail_out;
    if (code == Z_STREAM_END)
        s->state = BETWEEN_MEMBERS;
    else if (code != Z_OK && code != Z_BUF_ERROR)
        return fail_gzip(s, code, error);
    return true;
}

bool data_stream_read(data_stream *s, char *out, size_t size, size_t *got, base_error *error) {
    *got = 0;
    if (s->state == PLAIN)
        return read_plain(s, out, size, got, error);
    bool more = true;
    while (*got == 0 && more) {
        if (s->state == BETWEEN_MEMBERS && (!next_member(s, &more, error) || !more))
            return base_ok(error);
        if (!inflate_some(s, out, size < INT_MAX ? size : INT_MAX, got, error))
            return false;
    }
    return true;
}

void data_stream_close(data_stream *s) {
    if (!s)
        return;
    if (s->state != PLAIN)
        inflateEnd(&s->gzip);
    if (s->file && s->file != stdin)
        fclose(s->file);
    free(s);
}
