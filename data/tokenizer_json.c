#include "data/tokenizer_json.h"

#include "base/json_check.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* The walkers below see only text that base_json_check has passed. */

static const char *skip_space(const char *p) {
    return p + strspn(p, " \t\r\n");
}

/* p at the opening quote; returns what follows the closing one. */
static const char *skip_string(const char *p) {
    for (p++; *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p + 1;
}

static const char *skip_value(const char *p) {
    size_t depth = 0;
    do {
        if (*p == '"') {
            p = skip_string(p);
            continue;
        }
        depth += *p == '{' || *p == '[';
        depth -= *p == '}' || *p == ']';
        p++;
    } while (depth > 0);
    return *p == '\0' ? p : p + strcspn(p, ",]} \t\r\n");
}

/* Where the value of an object's member begins; NULL when p is no object or has no such key. */
static const char *member(const char *p, const char *key) {
    if (*p != '{')
        return NULL;
    for (p = skip_space(p + 1); *p == '"';) {
        const char *name = p + 1, *end = skip_string(p);
        p = skip_space(skip_space(end) + 1);
        if (strlen(key) == (size_t)(end - 1 - name) && !memcmp(name, key, strlen(key)))
            return p;
        p = skip_space(skip_value(p));
        p = *p == ',' ? skip_space(p + 1) : p;
    }
    return NULL;
}

static uint32_t hex4(const char *p) {
    char digits[5] = {p[0], p[1], p[2], p[3], 0};
    return (uint32_t)strtoul(digits, NULL, 16);
}

/* Appends the character that an escape stands for; p behind the backslash, returns what follows. */
static const char *unescape(const char *p, base_bytes *out, base_error *error) {
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *letter = strchr(from, *p);
    char bytes[4];
    size_t n = 1;
    bytes[0] = letter ? to[letter - from] : *p;
    if (*p == 'u') {
        uint32_t c = hex4(p + 1);
        p += 4;
        if (c >= 0xd800 && c < 0xdc00) {
            c = 0x10000 + ((c - 0xd800) << 10) + (hex4(p + 3) - 0xdc00);
            p += 6;
        }
        n = base_utf8_encode(c, bytes);
    }
    return base_bytes_add(out, bytes, n, error) ? p + 1 : NULL;
}

/* Appends the string at p (the opening quote); returns what follows, NULL on failure. */
static const char *read_string(const char *p, base_bytes *out, base_error *error) {
    for (p++; p && *p != '"';) {
        size_t plain = strcspn(p, "\"\\");
        if (!base_bytes_add(out, p, plain, error))
            return NULL;
        p += plain;
        if (*p == '\\')
            p = unescape(p + 1, out, error);
    }
    return p ? p + 1 : NULL;
}

static bool read_id(const char *p, uint32_t *id) {
    char *end;
    unsigned long value = strtoul(p, &end, 10);
    *id = (uint32_t)value;
    return *p >= '0' && *p <= '9' && value < DATA_NO_PIECE && !strchr(".eE", *end);
}

/* A member of model.vocab: where its piece stands, read, among the others. */
typedef struct json_piece {
    size_t offset, size;
    uint32_t id;
} json_piece;

typedef struct json_pieces {
    base_bytes text;
    json_piece *piece;
    size_t count, capacity;
} json_pieces;

static bool fail_id(const char *name, const json_pieces *pieces, const json_piece *piece,
                    const char *expected, base_error *error) {
    char shown[100];
    return base_fail(
        error, BASE_BAD_INPUT, "%s: model.vocab: \"%s\" has %s", name,
        base_escape(shown, sizeof shown, pieces->text.data + piece->offset, piece->size), expected);
}

/* Pieces and ids from the object at p. */
static bool read_pieces(const char *p, json_pieces *pieces, const char *name, base_error *error) {
    for (p = skip_space(p + 1); *p == '"';) {
        json_piece piece = {pieces->text.size, 0, 0};
        if (!(p = read_string(p, &pieces->text, error)) ||
            !base_grow(&pieces->piece, &pieces->capacity, pieces->count + 1, sizeof piece, error))
            return false;
        piece.size = pieces->text.size - piece.offset;
        p = skip_space(skip_space(p) + 1);
        if (!read_id(p, &piece.id))
            return fail_id(name, pieces, &piece, "an id that is no whole number from 0", error);
        pieces->piece[pieces->count++] = piece;
        p = skip_space(skip_value(p));
        p = *p == ',' ? skip_space(p + 1) : p;
    }
    return pieces->count > 0 ||
           base_fail(error, BASE_BAD_INPUT, "%s: model.vocab is empty, expected pieces", name);
}

/* Puts the piece with id i at index i; each swap brings one to its place. */
static bool order_pieces(json_pieces *pieces, const char *name, base_error *error) {
    for (size_t i = 0; i < pieces->count; i++)
        while (pieces->piece[i].id != i) {
            json_piece here = pieces->piece[i];
            if (here.id >= pieces->count || pieces->piece[here.id].id == here.id)
                return fail_id(name, pieces, &here,
                               "an id beyond the number of pieces or used twice", error);
            pieces->piece[i] = pieces->piece[here.id];
            pieces->piece[here.id] = here;
        }
    return true;
}

static bool add_pieces(const json_pieces *pieces, data_vocabulary *v, const char *name,
                       base_error *error) {
    for (size_t i = 0; i < pieces->count; i++) {
        const json_piece *piece = &pieces->piece[i];
        const char *text = pieces->text.data + piece->offset;
        uint32_t id = data_vocabulary_add(v, text, piece->size, error);
        if (id == DATA_NO_PIECE)
            return false;
        if (id != i)
            return fail_id(name, pieces, piece, "two ids, expected one", error);
    }
    return true;
}

static data_vocabulary *read_vocabulary(const char *object, const char *name, base_error *error) {
    json_pieces pieces = {0};
    data_vocabulary *v = data_vocabulary_new(error);
    bool ok = v && read_pieces(object, &pieces, name, error) &&
              order_pieces(&pieces, name, error) && add_pieces(&pieces, v, name, error);
    base_bytes_free(&pieces.text);
    free(pieces.piece);
    if (ok)
        return v;
    data_vocabulary_free(v);
    return NULL;
}

/* The tree of text without the bytes from `begin` to `end`, for which "{}" stands. */
static cJSON *parse_without(const char *text, size_t size, const char *begin, const char *end,
                            const char *name, base_error *error) {
    base_bytes rest = {0};
    cJSON *tree = NULL;
    if (base_bytes_add(&rest, text, (size_t)(begin - text), error) &&
        base_bytes_add(&rest, "{}", 2, error) &&
        base_bytes_add(&rest, end, (size_t)(text + size - end), error))
        tree = base_json_parse(rest.data, rest.size, name, 1, error);
    base_bytes_free(&rest);
    return tree;
}

cJSON *data_tokenizer_json_parse(const char *text, size_t size, const char *name,
                                 data_vocabulary **vocabulary, base_error *error) {
    *vocabulary = NULL;
    if (!base_json_check(text, size, name, 1, error))
        return NULL;
    const char *model = member(skip_space(text), "model");
    const char *pieces = model ? member(model, "vocab") : NULL;
    if (!pieces || *pieces != '{')
        return base_json_parse(text, size, name, 1, error);
    cJSON *tree = parse_without(text, size, pieces, skip_value(pieces), name, error);
    if (tree && (*vocabulary = read_vocabulary(pieces, name, error)))
        return tree;
    cJSON_Delete(tree);
    return NULL;
}

static void put_vocabulary(base_json_writer *w, const data_vocabulary *v) {
    size_t size;
    base_json_open(w, "vocab", '{');
    for (uint32_t id = 0; id < data_vocabulary_size(v); id++)
        base_json_put_size(w, data_vocabulary_piece(v, id, &size), id);
    base_json_close(w, '}');
}

bool data_tokenizer_json_print(const cJSON *tree, const data_vocabulary *vocabulary,
                               base_bytes *out, base_error *error) {
    base_json_writer w = {.out = out, .error = error, .style = BASE_JSON_INDENTED};
    base_json_open(&w, NULL, '{');
    for (const cJSON *item = tree->child; item; item = item->next) {
        if (strcmp(item->string, "model") != 0) {
            base_json_put_tree(&w, item->string, item);
            continue;
        }
        base_json_open(&w, "model", '{');
        for (const cJSON *part = item->child; part; part = part->next)
            if (!strcmp(part->string, "vocab"))
                put_vocabulary(&w, vocabulary);
            else
                base_json_put_tree(&w, part->string, part);
        base_json_close(&w, '}');
    }
    base_json_close(&w, '}');
    return base_ok(error) && base_bytes_add(out, "\n", 1, error);
}
