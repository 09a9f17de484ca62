#include "data/tokenizer_json.h"

#include "base/json_check.h"
#include "base/utf8.h"

#include <stdio.h>
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

data_vocabulary *data_tokenizer_json_vocab(const char *text, size_t size, const char *name,
                                           base_error *error) {
    if (!base_json_check(text, size, name, 1, error))
        return NULL;
    const char *object = skip_space(text);
    if (*object == '{')
        return read_vocabulary(object, name, error);
    base_fail(error, BASE_BAD_INPUT, "%s: line 1, column 1: expected an object of pieces and ids",
              name);
    return NULL;
}

/* ---- pieces with scores ---- */

/* significand * 10^exponent as serde_json has it: rounded twice, so that it differs from the
 * nearest number here and there. Sums of scores decide ties, and must be those of the package. */
static double scale(uint64_t significand, long exponent) {
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    double value = (double)significand;
    if (significand == 0)
        return 0;
    for (; exponent < -308 && value > 0; exponent += 308)
        value /= 1e308;
    size_t n = (size_t)labs(exponent < -308 ? -308 : exponent);
    char text[32];
    snprintf(text, sizeof text, "1e%zu", n);
    double factor = n < sizeof power / sizeof *power ? power[n] : strtod(text, NULL);
    return exponent < 0 ? value / factor : value * factor;
}

static double read_number(const char *p) {
    enum { FAR = 1 << 20 }; /* beyond every number */
    uint64_t significand = 0;
    long exponent = 0;
    bool negative = *p == '-', behind = false, full = false;
    for (p += negative; (*p >= '0' && *p <= '9') || *p == '.'; p++) {
        if (*p == '.') {
            behind = true;
            continue;
        }
        uint64_t digit = (uint64_t)(*p - '0');
        full = full || significand > (UINT64_MAX - digit) / 10;
        if (!full)
            significand = 10 * significand + digit;
        exponent += (full && !behind) - (!full && behind);
    }
    if (*p == 'e' || *p == 'E') {
        long given = strtol(p + 1, NULL, 10);
        exponent += given < -FAR ? -FAR : given > FAR ? FAR : given;
    }
    double value = scale(significand, exponent);
    return negative ? -value : value;
}

typedef struct json_scores {
    base_bytes piece;
    double *score;
    size_t count, capacity;
} json_scores;

static bool fail_score(const char *name, size_t index, const char *found, base_error *error) {
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: model.vocab[%zu] is %s, expected a piece and its score", name, index,
                     found);
}

/* The pair at p; returns what follows, NULL on failure. */
static const char *read_scored(const char *p, data_vocabulary *v, json_scores *s, const char *name,
                               base_error *error) {
    s->piece.size = 0;
    if (*p != '[' || *(p = skip_space(p + 1)) != '"') {
        fail_score(name, s->count, "no list", error);
        return NULL;
    }
    if (!(p = read_string(p, &s->piece, error)))
        return NULL;
    p = skip_space(p);
    const char *number = *p == ',' ? skip_space(p + 1) : "";
    if (*number != '-' && !(*number >= '0' && *number <= '9')) {
        fail_score(name, s->count, "without a number", error);
        return NULL;
    }
    if (!base_grow(&s->score, &s->capacity, s->count + 1, sizeof *s->score, error))
        return NULL;
    double score = s->score[s->count] = read_number(number);
    if (score - score != 0) {
        fail_score(name, s->count, "with an infinite score", error);
        return NULL;
    }
    if (*(p = skip_space(skip_value(number))) != ']') {
        fail_score(name, s->count, "a longer list", error);
        return NULL;
    }
    uint32_t id = data_vocabulary_add(v, s->piece.data ? s->piece.data : "", s->piece.size, error);
    if (id != DATA_NO_PIECE && id != s->count)
        fail_score(name, s->count, "a piece that was there before", error);
    s->count++;
    return base_ok(error) ? p + 1 : NULL;
}

static bool read_scores(const char *p, data_tokenizer_parts *parts, const char *name,
                        base_error *error) {
    json_scores s = {0};
    if (!(parts->vocabulary = data_vocabulary_new(error)))
        return false;
    for (p = skip_space(p + 1); p && *p != ']';) {
        p = read_scored(p, parts->vocabulary, &s, name, error);
        p = p ? skip_space(p) : NULL;
        p = p && *p == ',' ? skip_space(p + 1) : p;
    }
    base_bytes_free(&s.piece);
    parts->score = s.score;
    return p && (s.count > 0 || base_fail(error, BASE_BAD_INPUT,
                                          "%s: model.vocab is empty, expected pieces", name));
}

/* ---- merges ---- */

/* Reads "LEFT RIGHT" or ["LEFT", "RIGHT"] at p: both pieces, *left bytes of which are the first's.
 */
static const char *read_merge(const char *p, base_bytes *text, size_t *left, base_error *error) {
    text->size = *left = 0;
    if (*p == '"') {
        if (!(p = read_string(p, text, error)))
            return NULL;
        char *blank = text->size ? memchr(text->data, ' ', text->size) : NULL;
        if (!blank || memchr(blank + 1, ' ', text->size - (size_t)(blank + 1 - text->data)))
            return NULL;
        *left = (size_t)(blank - text->data);
        memmove(blank, blank + 1, text->size - *left);
        text->size--;
        return p;
    }
    if (*p != '[' || *(p = skip_space(p + 1)) != '"' || !(p = read_string(p, text, error)))
        return NULL;
    *left = text->size;
    if (*(p = skip_space(p)) != ',' || *(p = skip_space(p + 1)) != '"' ||
        !(p = read_string(p, text, error)))
        return NULL;
    return *(p = skip_space(p)) == ']' ? p + 1 : NULL;
}

bool data_tokenizer_json_merges(const char *merges, const char *name, data_bpe *model,
                                base_error *error) {
    static const char version[] = "\"#version";
    base_bytes text = {0};
    size_t left, index = 0;
    const char *p = skip_space(merges + 1);
    for (; p && *p != ']'; index++) {
        if (!strncmp(p, version, sizeof version - 1)) {
            p = skip_string(p);
        } else if (!(p = read_merge(p, &text, &left, error))) {
            base_fail(error, BASE_BAD_INPUT, "%s: model.merges[%zu] is not two pieces", name,
                      index);
            break;
        } else if (!data_bpe_merge(model, text.data ? text.data : "", left,
                                   text.data ? text.data + left : "", text.size - left, error)) {
            base_fail_prefix(error, "%s: model.merges[%zu]", name, index);
            break;
        }
        p = skip_space(p);
        p = *p == ',' ? skip_space(p + 1) : p;
    }
    base_bytes_free(&text);
    return base_ok(error);
}

/* ---- the file ---- */

/* A large part of the model, which the tree does without. */
typedef struct json_part {
    const char *begin, *end;
} json_part;

static json_part part_of(const char *model, const char *key) {
    const char *begin = model ? member(model, key) : NULL;
    bool large = begin && (*begin == '{' || *begin == '[');
    return large ? (json_part){begin, skip_value(begin)} : (json_part){NULL, NULL};
}

/* The tree of text, empty where the parts are. */
static cJSON *parse_without(const char *text, size_t size, json_part first, json_part second,
                            const char *name, base_error *error) {
    const json_part parts[] = {first, second};
    const char *at = text;
    base_bytes rest = {0};
    cJSON *tree = NULL;
    for (size_t i = 0; i < 2; i++) {
        if (!parts[i].begin)
            continue;
        base_bytes_add(&rest, at, (size_t)(parts[i].begin - at), error);
        base_bytes_add(&rest, *parts[i].begin == '{' ? "{}" : "[]", 2, error);
        at = parts[i].end;
    }
    if (base_bytes_add(&rest, at, (size_t)(text + size - at), error) && base_ok(error))
        tree = base_json_parse(rest.data, rest.size, name, 1, error);
    base_bytes_free(&rest);
    return tree;
}

cJSON *data_tokenizer_json_parse(const char *text, size_t size, const char *name,
                                 data_tokenizer_parts *parts, base_error *error) {
    *parts = (data_tokenizer_parts){0};
    if (!base_json_check(text, size, name, 1, error))
        return NULL;
    const char *model = member(skip_space(text), "model");
    json_part vocab = part_of(model, "vocab"), merges = part_of(model, "merges");
    bool ordered = vocab.begin < merges.begin;
    cJSON *tree =
        parse_without(text, size, ordered ? vocab : merges, ordered ? merges : vocab, name, error);
    bool ok = tree;
    if (ok && vocab.begin && *vocab.begin == '[')
        ok = read_scores(vocab.begin, parts, name, error);
    else if (ok && vocab.begin)
        ok = (parts->vocabulary = read_vocabulary(vocab.begin, name, error));
    if (merges.begin && *merges.begin == '[')
        parts->merges = merges.begin;
    if (ok)
        return tree;
    cJSON_Delete(tree);
    return NULL;
}
