#include "data/vocabulary.h"

#include "base/file.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

typedef struct piece_entry {
    size_t offset; /* in text */
    uint32_t size;
} piece_entry;

struct data_vocabulary {
    base_bytes text; /* the pieces, each with a NUL behind it */
    piece_entry *piece;
    size_t count, capacity, longest;
    base_hash found; /* pieces by their bytes */
};

data_vocabulary *data_vocabulary_new(base_error *error) {
    return base_alloc(1, sizeof(data_vocabulary), error);
}

void data_vocabulary_free(data_vocabulary *v) {
    if (!v)
        return;
    base_bytes_free(&v->text);
    free(v->piece);
    base_hash_free(&v->found);
    free(v);
}

uint32_t data_vocabulary_add(data_vocabulary *v, const char *piece, size_t size,
                             base_error *error) {
    uint64_t hash = base_hash_bytes(piece, size);
    uint32_t id = data_vocabulary_match(v, hash, "", 0, piece, size);
    if (id != DATA_NO_PIECE)
        return id;
    if (size > UINT32_MAX) {
        base_fail(error, BASE_FAILED, "a piece of 2^32 bytes or more");
        return DATA_NO_PIECE;
    }
    piece_entry entry = {v->text.size, (uint32_t)size};
    if (!base_grow(&v->piece, &v->capacity, v->count + 1, sizeof *v->piece, error) ||
        !base_bytes_add(&v->text, piece, size, error) || !base_bytes_add(&v->text, "", 1, error) ||
        !base_hash_add(&v->found, hash, error))
        return DATA_NO_PIECE;
    v->piece[v->count] = entry;
    if (size > v->longest)
        v->longest = size;
    return (uint32_t)v->count++;
}

uint32_t data_vocabulary_match(const data_vocabulary *v, uint64_t hash, const char *prefix,
                               size_t prefix_size, const char *text, size_t size) {
    size_t tried = 0;
    for (uint32_t id; (id = base_hash_next(&v->found, hash, &tried)) != BASE_HASH_NONE;) {
        const piece_entry *piece = &v->piece[id];
        const char *bytes = v->text.data + piece->offset;
        if (piece->size == prefix_size + size && !memcmp(bytes, prefix, prefix_size) &&
            !memcmp(bytes + prefix_size, text, size))
            return id;
    }
    return DATA_NO_PIECE;
}

uint32_t data_vocabulary_find(const data_vocabulary *v, const char *piece, size_t size) {
    return data_vocabulary_match(v, base_hash_bytes(piece, size), "", 0, piece, size);
}

size_t data_vocabulary_size(const data_vocabulary *v) {
    return v->count;
}

size_t data_vocabulary_longest(const data_vocabulary *v) {
    return v->longest;
}

const char *data_vocabulary_piece(const data_vocabulary *v, uint32_t id, size_t *size) {
    if (size)
        *size = v->piece[id].size;
    return v->text.data + v->piece[id].offset;
}

/* Adds the line, which must be a piece. */
static bool add_line(data_vocabulary *v, const char *line, size_t size, const char *path,
                     base_error *error) {
    size_t number = v->count + 1, bad = base_utf8_invalid(line, size);
    const char *nul = memchr(line, 0, size);
    if (nul || bad < size)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: line %zu, byte %zu: found %s, expected a piece of text", path, number,
                         nul ? (size_t)(nul - line) + 1 : bad + 1, nul ? "NUL" : "invalid UTF-8");
    if (size == 0)
        return base_fail(error, BASE_BAD_INPUT, "%s: line %zu is empty, expected a piece of text",
                         path, number);
    uint32_t id = data_vocabulary_add(v, line, size, error);
    if (id == number - 1 || id == DATA_NO_PIECE)
        return id != DATA_NO_PIECE;
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: line %zu: the piece \"%s\" stands in line %u too, expected it once", path,
                     number, base_escape(shown, sizeof shown, line, size), id + 1);
}

static bool add_lines(data_vocabulary *v, const base_bytes *file, const char *path,
                      base_error *error) {
    const char *at = file->data, *end = at + file->size;
    if (file->size >= 3 && !memcmp(at, "\xef\xbb\xbf", 3))
        at += 3;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        size_t size = (size_t)(stop - at);
        if (!add_line(v, at, newline && size && stop[-1] == '\r' ? size - 1 : size, path, error))
            return false;
        at = stop + 1;
    }
    return v->count > 0 ||
           base_fail(error, BASE_BAD_INPUT, "%s is empty, expected one piece a line", path);
}

data_vocabulary *data_vocabulary_file(const char *path, base_error *error) {
    base_bytes file = {0};
    data_vocabulary *v = data_vocabulary_new(error);
    bool ok = v && base_file_read(path, &file, error) && add_lines(v, &file, path, error);
    base_bytes_free(&file);
    if (ok)
        return v;
    data_vocabulary_free(v);
    return NULL;
}

bool data_vocabulary_save(const data_vocabulary *v, const char *folder, const char *name,
                          base_error *error) {
    base_bytes out = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < v->count; i++)
        ok = base_bytes_add(&out, v->text.data + v->piece[i].offset, v->piece[i].size, error) &&
             base_bytes_add(&out, "\n", 1, error);
    ok = ok && base_file_write_in(folder, name, out.data, out.size, error);
    base_bytes_free(&out);
    return ok;
}
