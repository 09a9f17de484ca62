#include "data/charsmap.h"

#include "base/utf8.h"
#include "data/grapheme.h"
#include "data/unicode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_CLUSTER = 5 };
#define NOT_MAPPED UINT32_MAX /* offsets have 31 bits */

struct data_charsmap {
    base_bytes bytes; /* as it came */
    uint32_t *unit;   /* the trie */
    size_t units;
    const char *texts; /* the replacements, inside bytes */
    size_t texts_size;
    uint32_t ascii[128]; /* offset of the replacement of an ASCII character, or NOT_MAPPED */
};

/* ---- the double array (Aoe 1989; the layout is that of Darts-clone) ---- */

static uint32_t offset_of(uint32_t unit) {
    return unit >> 10 << ((unit & 1u << 9) >> 6);
}

/* Offset in texts of what the shortest mapped prefix of key stands for, or NOT_MAPPED. Offsets that
 * lead nowhere map nothing. */
static uint32_t find(const data_charsmap *map, const char *key, size_t size) {
    size_t node = offset_of(map->unit[0]);
    for (size_t i = 0; i < size && key[i]; i++) {
        uint32_t byte = (unsigned char)key[i];
        node ^= byte;
        if (node >= map->units || (map->unit[node] & (1u << 31 | 0xff)) != byte)
            return NOT_MAPPED;
        bool leaf = map->unit[node] >> 8 & 1;
        node ^= offset_of(map->unit[node]);
        if (!leaf)
            continue;
        uint32_t at = node < map->units ? map->unit[node] & ~(1u << 31) : NOT_MAPPED;
        bool text = at < map->texts_size && ((unsigned char)map->texts[at] & 0xc0) != 0x80;
        return text ? at : NOT_MAPPED;
    }
    return NOT_MAPPED;
}

static bool parse(data_charsmap *map, const char *where, base_error *error) {
    const unsigned char *b = (const unsigned char *)map->bytes.data;
    size_t size = map->bytes.size, trie = 0;
    for (size_t i = 0; size >= 4 && i < 4; i++)
        trie |= (size_t)b[i] << 8 * i;
    map->units = trie / 4;
    if (size < 4 || map->units == 0 || map->units > (size - 4) / 4)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: precompiled_charsmap has %zu bytes, too few for its trie of %zu",
                         where, size, trie);
    if (!(map->unit = base_alloc(map->units, sizeof *map->unit, error)))
        return false;
    for (size_t i = 0; i < 4 * map->units; i++)
        map->unit[i / 4] |= (uint32_t)b[4 + i] << 8 * (i % 4);
    map->texts = map->bytes.data + 4 + 4 * map->units;
    map->texts_size = size - 4 - 4 * map->units;
    size_t bad = base_utf8_invalid(map->texts, map->texts_size);
    if (bad < map->texts_size)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: precompiled_charsmap: its text is no UTF-8 at byte %zu", where,
                         bad + 1);
    for (int c = 0; c < 128; c++)
        map->ascii[c] = find(map, &(char){(char)c}, 1);
    return true;
}

/* Takes over bytes. */
static data_charsmap *open_map(base_bytes bytes, const char *where, base_error *error) {
    data_charsmap *map = base_alloc(1, sizeof *map, error);
    if (!map) {
        base_bytes_free(&bytes);
        return NULL;
    }
    map->bytes = bytes;
    if (parse(map, where, error))
        return map;
    data_charsmap_free(map);
    return NULL;
}

data_charsmap *data_charsmap_new(const void *bytes, size_t size, const char *where,
                                 base_error *error) {
    base_bytes copy = {0};
    if (base_bytes_add(&copy, bytes, size, error))
        return open_map(copy, where, error);
    base_bytes_free(&copy);
    return NULL;
}

void data_charsmap_free(data_charsmap *map) {
    if (!map)
        return;
    base_bytes_free(&map->bytes);
    free(map->unit);
    free(map);
}

/* ---- base64 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool read_base64(const char *text, base_bytes *out, const char *where, base_error *error) {
    size_t size = strlen(text), padded = 0;
    while (padded < 2 && padded < size && text[size - 1 - padded] == '=')
        padded++;
    uint32_t bits = 0;
    bool ok = size % 4 == 0 && size > 0;
    for (size_t i = 0; ok && i < size - padded; i++) {
        const char *digit = strchr(digits, text[i]);
        ok = digit;
        bits = bits << 6 | (uint32_t)(digit ? digit - digits : 0);
        if (ok && i % 4) {
            char byte = (char)(bits >> (6 - 2 * (i % 4)));
            if (!base_bytes_add(out, &byte, 1, error))
                return false;
        }
    }
    /* The bits of the last digit that belong to no byte. */
    if (ok && padded)
        ok = (bits & ((1u << 2 * padded) - 1)) == 0;
    return ok || base_fail(error, BASE_BAD_INPUT,
                           "%s: precompiled_charsmap is no base64 with padding", where);
}

data_charsmap *data_charsmap_from_base64(const char *text, const char *where, base_error *error) {
    base_bytes bytes = {0};
    if (read_base64(text, &bytes, where, error))
        return open_map(bytes, where, error);
    base_bytes_free(&bytes);
    return NULL;
}

bool data_charsmap_to_base64(const data_charsmap *map, base_bytes *out, base_error *error) {
    const unsigned char *b = (const unsigned char *)map->bytes.data;
    for (size_t i = 0, size = map->bytes.size; i < size; i += 3) {
        size_t n = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)b[i] << 16 | (n > 1 ? (uint32_t)b[i + 1] << 8 : 0) |
                        (n > 2 ? (uint32_t)b[i + 2] : 0);
        char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                        n > 1 ? digits[bits >> 6 & 63] : '=', n > 2 ? digits[bits & 63] : '='};
        if (!base_bytes_add(out, four, 4, error))
            return false;
    }
    return true;
}

/* ---- use ---- */

/* The replacement at an offset. */
static const char *text_at(const data_charsmap *map, uint32_t at, size_t *size) {
    const char *text = map->texts + at;
    size_t left = map->texts_size - at;
    const char *nul = memchr(text, 0, left);
    *size = nul ? (size_t)(nul - text) : left;
    return text;
}

static bool add_text(const data_charsmap *map, uint32_t at, base_bytes *out, base_error *error) {
    size_t size;
    const char *text = text_at(map, at, &size);
    return base_bytes_add(out, text, size, error);
}

/* One code point or cluster: what it is mapped to, else itself. */
static bool add_one(const data_charsmap *map, const char *text, size_t size, uint32_t mapped,
                    base_bytes *out, base_error *error) {
    return mapped == NOT_MAPPED ? base_bytes_add(out, text, size, error)
                                : add_text(map, mapped, out, error);
}

static bool add_cluster(const data_charsmap *map, const char *text, size_t size, base_bytes *out,
                        base_error *error) {
    uint32_t mapped = size <= SMALL_CLUSTER ? find(map, text, size) : NOT_MAPPED;
    if (mapped != NOT_MAPPED)
        return add_text(map, mapped, out, error);
    for (size_t at = 0, next = 0; at < size; at = next) {
        data_unicode_next(text, &next);
        if (!add_one(map, text + at, next - at, find(map, text + at, next - at), out, error))
            return false;
    }
    return true;
}

/* ASCII with ASCII behind it is a cluster alone, but for CR LF. */
static bool stands_alone(const char *text, size_t size, size_t at) {
    return !((unsigned char)text[at] & 0x80) && text[at] != '\r' &&
           (at + 1 == size || !((unsigned char)text[at + 1] & 0x80));
}

bool data_charsmap_add(const data_charsmap *map, const char *text, size_t size, base_bytes *out,
                       base_error *error) {
    for (size_t at = 0; at < size;) {
        size_t end = at;
        while (end < size && stands_alone(text, size, end) &&
               map->ascii[(size_t)text[end]] == NOT_MAPPED)
            end++;
        if (end > at) {
            if (!base_bytes_add(out, text + at, end - at, error))
                return false;
            at = end;
            continue;
        }
        end = stands_alone(text, size, at) ? at + 1 : data_grapheme_end(text, size, at);
        if (!add_cluster(map, text + at, end - at, out, error))
            return false;
        at = end;
    }
    return true;
}

size_t data_charsmap_head(const data_charsmap *map, const char *text, size_t size, size_t head) {
    size_t end = 0, out = 0, first = 0;
    while (end < size && out == 0 && head > 0) {
        const char *cluster = text + end;
        size_t n = data_grapheme_end(text, size, end) - end;
        uint32_t mapped = n <= SMALL_CLUSTER ? find(map, cluster, n) : NOT_MAPPED;
        if (mapped != NOT_MAPPED) {
            const char *by = text_at(map, mapped, &out);
            if (out > 0 && n > head)
                data_unicode_next(by, &first);
            out = first ? first : out;
            end += n;
            head = head > n ? head - n : 1;
            continue;
        }
        for (size_t at = 0, next = 0; at < n && (at < head || out == 0); at = next) {
            size_t by = 0;
            data_unicode_next(cluster, &next);
            mapped = find(map, cluster + at, next - at);
            if (mapped != NOT_MAPPED)
                text_at(map, mapped, &by);
            out += mapped == NOT_MAPPED ? next - at : by;
        }
        end += n;
    }
    return out;
}
