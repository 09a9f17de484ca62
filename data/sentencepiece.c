#include "data/sentencepiece.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* ---- protocol buffers (protobuf.dev, "Encoding") ---- */

enum { VARINT, FIXED64, BYTES, FIXED32 = 5 };

typedef struct proto_reader {
    const char *file, *path; /* for messages */
    const char *at, *end;    /* of the message that is read */
    base_error *error;
} proto_reader;

typedef struct proto_field {
    uint64_t number, value; /* value: of VARINT and FIXED32; the size of BYTES */
    unsigned wire;
    const char *bytes;
} proto_field;

static bool fail(const proto_reader *r, const char *what) {
    return base_fail(r->error, BASE_BAD_INPUT, "%s: byte %zu: %s", r->path,
                     (size_t)(r->at - r->file) + 1, what);
}

static bool read_varint(proto_reader *r, uint64_t *out) {
    *out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at == r->end)
            return fail(r, "the file ends inside a number");
        unsigned char byte = (unsigned char)*r->at++;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return fail(r, "found a number of more than 64 bits");
}

static bool read_bytes(proto_reader *r, size_t size, const char **out) {
    if (size > (size_t)(r->end - r->at))
        return fail(r, "a field is longer than what it is in, expected a whole model file");
    *out = r->at;
    r->at += size;
    return true;
}

/* The next field, false at the end of the message or on failure. */
static bool next_field(proto_reader *r, proto_field *f) {
    uint64_t tag;
    *f = (proto_field){0};
    if (r->at == r->end || !read_varint(r, &tag))
        return false;
    f->number = tag >> 3;
    f->wire = tag & 7;
    if (f->number == 0)
        return fail(r, "found field 0, expected a model of SentencePiece");
    switch (f->wire) {
    case VARINT:
        return read_varint(r, &f->value);
    case BYTES:
        return read_varint(r, &f->value) &&
               (f->value <= SIZE_MAX || fail(r, "a field is too large")) &&
               read_bytes(r, (size_t)f->value, &f->bytes);
    case FIXED64:
        return read_bytes(r, 8, &f->bytes);
    case FIXED32:
        if (!read_bytes(r, 4, &f->bytes))
            return false;
        for (size_t i = 0; i < 4; i++)
            f->value |= (uint64_t)(unsigned char)f->bytes[i] << 8 * i;
        return true;
    default:
        return fail(r, "found a group or worse, expected a model of SentencePiece");
    }
}

/* A reader of the message in a field. */
static proto_reader inside(const proto_reader *r, const proto_field *f) {
    return (proto_reader){r->file, r->path, f->bytes, f->bytes + f->value, r->error};
}

static bool is(const proto_field *f, uint64_t number, unsigned wire) {
    return f->number == number && f->wire == wire;
}

/* ---- the model ---- */

static float float_of(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

static bool read_piece(proto_reader r, data_sentencepiece *m) {
    data_sentencepiece_piece piece = {"", 0, 0, DATA_SENTENCEPIECE_NORMAL};
    const proto_reader begin = r;
    proto_field f;
    while (next_field(&r, &f)) {
        if (is(&f, 1, BYTES)) {
            piece.text = f.bytes;
            piece.size = (size_t)f.value;
        } else if (is(&f, 2, FIXED32)) {
            piece.score = float_of(f.value);
        } else if (is(&f, 3, VARINT)) {
            piece.type = f.value;
        }
    }
    if (!base_ok(r.error))
        return false;
    if (base_utf8_invalid(piece.text, piece.size) < piece.size ||
        (piece.size && memchr(piece.text, 0, piece.size)))
        return fail(&begin, "a piece has NUL or invalid UTF-8, expected text");
    if (!(piece.score - piece.score == 0))
        return fail(&begin, "a piece has a score that is not finite");
    if (!base_grow(&m->piece, &m->capacity, m->count + 1, sizeof piece, r.error))
        return false;
    m->piece[m->count++] = piece;
    return true;
}

static bool read_trainer(proto_reader r, data_sentencepiece *m) {
    proto_field f;
    while (next_field(&r, &f)) {
        if (is(&f, 3, VARINT))
            m->model_type = f.value;
        else if (is(&f, 24, VARINT))
            m->whitespace_suffix = f.value != 0;
        else if (is(&f, 35, VARINT))
            m->byte_fallback = f.value != 0;
        else if (is(&f, 40, VARINT))
            m->unknown = (int32_t)(uint32_t)f.value;
    }
    return base_ok(r.error);
}

static bool read_normalizer(proto_reader r, data_sentencepiece *m) {
    proto_field f;
    while (next_field(&r, &f)) {
        if (is(&f, 2, BYTES)) {
            m->charsmap = f.value ? f.bytes : NULL;
            m->charsmap_size = (size_t)f.value;
        } else if (is(&f, 3, VARINT)) {
            m->dummy_prefix = f.value != 0;
        } else if (is(&f, 4, VARINT)) {
            m->remove_extra_whitespaces = f.value != 0;
        } else if (is(&f, 5, VARINT)) {
            m->escape_whitespaces = f.value != 0;
        }
    }
    return base_ok(r.error);
}

static bool read_field(const proto_reader *r, const proto_field *f, data_sentencepiece *m) {
    if (is(f, 1, BYTES))
        return read_piece(inside(r, f), m);
    if (is(f, 2, BYTES))
        return read_trainer(inside(r, f), m);
    if (is(f, 3, BYTES))
        return read_normalizer(inside(r, f), m);
    return true;
}

bool data_sentencepiece_read(const char *file, size_t size, const char *path,
                             data_sentencepiece *out, base_error *error) {
    proto_reader r = {file, path, file, file + size, error};
    proto_field f;
    *out = (data_sentencepiece){.model_type = DATA_SENTENCEPIECE_UNIGRAM,
                                .dummy_prefix = true,
                                .remove_extra_whitespaces = true,
                                .escape_whitespaces = true};
    while (next_field(&r, &f))
        if (!read_field(&r, &f, out))
            return false;
    return base_ok(error) &&
           (out->count > 0 ||
            base_fail(error, BASE_BAD_INPUT, "%s has no pieces, expected a model of SentencePiece",
                      path));
}

void data_sentencepiece_free(data_sentencepiece *model) {
    free(model->piece);
    *model = (data_sentencepiece){0};
}
