#include "data/vocabulary.h"

#include "base/file.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

typedef struct piece_entry {
    size_t offset; /* in text */
    uint32_t size, id;
} piece_entry;

typedef struct piece_slot {
    uint32_t hash, id; /* DATA_NO_PIECE: free */
} piece_slot;

struct data_vocabulary {
    base_bytes text; /* the pieces, each with a NUL behind it */
    piece_entry *piece;
    size_t count, capacity, longest;
    piece_slot *slot;
    size_t mask; /* slots - 1, a power of two less one */
};

data_vocabulary *data_vocabulary_new(base_error *error) {
    return base_alloc(1, sizeof(data_vocabulary), error);
}

void data_vocabulary_free(data_vocabulary *v) {
    if (!v)
        return;
    base_bytes_free(&v->text);
    free(v->piece);
    free(v->slot);
    free(v);
}

bool data_vocabulary_add(data_vocabulary *v, const char *piece, size_t size, uint32_t id,
                         base_error *error) {
    if (v->count >= DATA_NO_PIECE - 1 || size >= UINT32_MAX)
        return base_fail(error, BASE_BAD_INPUT, "vocabulary: more than 2^32 - 2 pieces or bytes");
    piece_entry entry = {v->text.size, (uint32_t)size, id};
    if (!base_grow(&v->piece, &v->capacity, v->count + 1, sizeof *v->piece, error) ||
        !base_bytes_add(&v->text, piece, size, error) || !base_bytes_add(&v->text, "", 1, error))
        return false;
    v->piece[v->count++] = entry;
    if (size > v->longest)
        v->longest = size;
    return true;
}

static const char *show(char shown[100], const data_vocabulary *v, const piece_entry *piece) {
    return base_escape(shown, 100, v->text.data + piece->offset, piece->size);
}

/* Puts piece i at index id. Swaps follow the cycles, so that it takes one pass. */
static bool order_by_id(data_vocabulary *v, const char *name, base_error *error) {
    for (size_t i = 0; i < v->count; i++)
        while (v->piece[i].id != i) {
            piece_entry *here = &v->piece[i], moved = *here;
            char shown[100];
            if (moved.id >= v->count || v->piece[moved.id].id == moved.id)
                return base_fail(error, BASE_BAD_INPUT,
                                 "%s: piece \"%s\" has id %u, expected the ids 0 to %zu, each once",
                                 name, show(shown, v, here), moved.id, v->count - 1);
            *here = v->piece[moved.id];
            v->piece[moved.id] = moved;
        }
    return true;
}

static uint64_t hash_bytes(uint64_t hash, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        hash = data_hash_byte(hash, bytes[i]);
    return hash;
}

/* FNV's low bits are its weak ones. */
static uint32_t fold(uint64_t hash) {
    return (uint32_t)(hash >> 32 ^ hash);
}

static bool insert(data_vocabulary *v, uint32_t id, const char *name, base_error *error) {
    const piece_entry *piece = &v->piece[id];
    const char *bytes = v->text.data + piece->offset;
    uint64_t hash = hash_bytes(DATA_HASH_START, bytes, piece->size);
    uint32_t twin = data_vocabulary_match(v, hash, "", 0, bytes, piece->size);
    char shown[100];
    if (twin != DATA_NO_PIECE)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: piece \"%s\" has the ids %u and %u, expected each piece once", name,
                         show(shown, v, piece), twin, id);
    size_t at = fold(hash) & v->mask;
    while (v->slot[at].id != DATA_NO_PIECE)
        at = (at + 1) & v->mask;
    v->slot[at] = (piece_slot){fold(hash), id};
    return true;
}

bool data_vocabulary_finish(data_vocabulary *v, const char *name, base_error *error) {
    if (v->count == 0)
        return base_fail(error, BASE_BAD_INPUT, "%s: found no pieces, expected a vocabulary", name);
    size_t slots = 16;
    while (slots / 2 < v->count)
        slots *= 2;
    if (!order_by_id(v, name, error) || !(v->slot = base_alloc(slots, sizeof *v->slot, error)))
        return false;
    v->mask = slots - 1;
    for (size_t i = 0; i < slots; i++)
        v->slot[i].id = DATA_NO_PIECE;
    for (uint32_t id = 0; id < v->count; id++)
        if (!insert(v, id, name, error))
            return false;
    return true;
}

uint32_t data_vocabulary_match(const data_vocabulary *v, uint64_t hash, const char *prefix,
                               size_t prefix_size, const char *text, size_t size) {
    uint32_t folded = fold(hash);
    for (size_t at = folded & v->mask; v->slot[at].id != DATA_NO_PIECE; at = (at + 1) & v->mask) {
        if (v->slot[at].hash != folded)
            continue;
        const piece_entry *piece = &v->piece[v->slot[at].id];
        const char *bytes = v->text.data + piece->offset;
        if (piece->size == prefix_size + size && !memcmp(bytes, prefix, prefix_size) &&
            !memcmp(bytes + prefix_size, text, size))
            return v->slot[at].id;
    }
    return DATA_NO_PIECE;
}

uint32_t data_vocabulary_find(const data_vocabulary *v, const char *piece, size_t size) {
    return data_vocabulary_match(v, hash_bytes(DATA_HASH_START, piece, size), "", 0, piece, size);
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
    return data_vocabulary_add(v, line, size, (uint32_t)v->count, error);
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
    return true;
}

data_vocabulary *data_vocabulary_file(const char *path, base_error *error) {
    base_bytes file = {0};
    data_vocabulary *v = data_vocabulary_new(error);
    bool ok = v && base_file_read(path, &file, error) && add_lines(v, &file, path, error) &&
              data_vocabulary_finish(v, path, error);
    base_bytes_free(&file);
    if (ok)
        return v;
    data_vocabulary_free(v);
    return NULL;
}
