#include "data/pattern.h"

#include "data/unicode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* How a pattern matches: bytes of the match that begins at text[at], 0 for none. */
typedef size_t matcher(const data_pattern *pattern, const char *text, size_t size, size_t at);

struct data_pattern {
    matcher *match;
    char *text; /* of a string */
    size_t text_size;
    unsigned flags;     /* of a class */
    size_t least, most; /* code points of the class in a row */
};

/* ---- runs of classes ---- */

static unsigned flags_at(const char *text, size_t size, size_t at, size_t *next) {
    *next = at;
    return at < size ? data_unicode(data_unicode_next(text, next))->flags : 0;
}

/* Where the code points from at on cease to have any of the flags, `most` of them at most. */
static size_t class_end(const char *text, size_t size, size_t at, unsigned flags, size_t most,
                        size_t *count) {
    size_t next;
    for (*count = 0; *count < most && flags_at(text, size, at, &next) & flags; ++*count)
        at = next;
    return at;
}

/* The same for those that have none of the flags. */
static size_t other_end(const char *text, size_t size, size_t at, unsigned flags) {
    size_t next;
    while (at < size && !(flags_at(text, size, at, &next) & flags))
        at = next;
    return at;
}

static size_t match_class(const data_pattern *p, const char *text, size_t size, size_t at) {
    size_t count, end = class_end(text, size, at, p->flags, p->most, &count);
    return count >= p->least ? end - at : 0;
}

/* Blanks alone, in a row. */
static size_t match_blanks(const data_pattern *p, const char *text, size_t size, size_t at) {
    size_t end = at;
    while (end < size && text[end] == ' ')
        end++;
    return end - at >= p->least ? end - at : 0;
}

static size_t match_text(const data_pattern *p, const char *text, size_t size, size_t at) {
    return size - at >= p->text_size && !memcmp(text + at, p->text, p->text_size) ? p->text_size
                                                                                  : 0;
}

/* \w+|[^\w\s]+ */
static size_t match_words(const data_pattern *p, const char *text, size_t size, size_t at) {
    size_t count, end = class_end(text, size, at, DATA_UNICODE_WORD, SIZE_MAX, &count);
    (void)p;
    if (end == at)
        end = other_end(text, size, at, DATA_UNICODE_WORD | DATA_UNICODE_SPACE);
    return end - at;
}

/* ---- GPT-2's expression (Radford et al. 2019) ---- */

#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

static size_t contraction(const char *text, size_t size) {
    static const char *const endings[] = {"s", "t", "re", "ve", "m", "ll", "d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (size > n && !memcmp(text + 1, endings[i], n))
            return n + 1;
    }
    return 0;
}

static size_t match_gpt2(const data_pattern *p, const char *text, size_t size, size_t at) {
    static const unsigned kinds[] = {DATA_UNICODE_LETTER, DATA_UNICODE_NUMBER};
    static const unsigned all = DATA_UNICODE_LETTER | DATA_UNICODE_NUMBER | DATA_UNICODE_SPACE;
    size_t n = text[at] == '\'' ? contraction(text + at, size - at) : 0;
    (void)p;
    if (n)
        return n;
    size_t count, end, first = at + (text[at] == ' ');
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if ((end = class_end(text, size, first, kinds[i], SIZE_MAX, &count)) > first)
            return end - at;
    if ((end = other_end(text, size, first, all)) > first)
        return end - at;
    end = class_end(text, size, at, DATA_UNICODE_SPACE, SIZE_MAX, &count);
    /* \s+(?!\S) leaves the last of several before a word. */
    if (end < size && count > 1)
        for (end--; ((unsigned char)text[end] & 0xc0) == 0x80;)
            end--;
    return end - at;
}

/* ---- the expressions that are known ---- */

static const struct {
    const char *expression;
    data_pattern pattern;
} known[] = {
    {GPT2, {.match = match_gpt2}},
    {" {2,}", {.match = match_blanks, .least = 2}},
    {" +", {.match = match_blanks, .least = 1}},
    {"\\s+", {match_class, NULL, 0, DATA_UNICODE_SPACE, 1, SIZE_MAX}},
    {"\\s{2,}", {match_class, NULL, 0, DATA_UNICODE_SPACE, 2, SIZE_MAX}},
    {"\\s", {match_class, NULL, 0, DATA_UNICODE_SPACE, 1, 1}},
    {"\\p{N}", {match_class, NULL, 0, DATA_UNICODE_NUMBER, 1, 1}},
    {"\\p{N}+", {match_class, NULL, 0, DATA_UNICODE_NUMBER, 1, SIZE_MAX}},
    {"\\p{N}{1,3}", {match_class, NULL, 0, DATA_UNICODE_NUMBER, 1, 3}},
    {"\\p{L}+", {match_class, NULL, 0, DATA_UNICODE_LETTER, 1, SIZE_MAX}},
};

static data_pattern *copy_of(data_pattern pattern, base_error *error) {
    data_pattern *p = base_alloc(1, sizeof *p, error);
    if (p)
        *p = pattern;
    return p;
}

data_pattern *data_pattern_text(const char *text, base_error *error) {
    data_pattern *p = copy_of((data_pattern){.match = match_text}, error);
    if (!p)
        return NULL;
    p->text_size = strlen(text);
    if ((p->text = base_copy(text, p->text_size)))
        return p;
    base_fail(error, BASE_FAILED, "out of memory");
    free(p);
    return NULL;
}

data_pattern *data_pattern_class(unsigned flags, base_error *error) {
    return copy_of((data_pattern){match_class, NULL, 0, flags, 1, 1}, error);
}

data_pattern *data_pattern_words(base_error *error) {
    return copy_of((data_pattern){.match = match_words}, error);
}

data_pattern *data_pattern_gpt2(base_error *error) {
    return copy_of((data_pattern){.match = match_gpt2}, error);
}

data_pattern *data_pattern_read(const cJSON *json, const char *key, const char *where,
                                base_error *error) {
    const char *text = NULL, *expression = NULL;
    char shown[200];
    if (!base_json_text(json, "String", &text, where, error) ||
        !base_json_text(json, "Regex", &expression, where, error))
        return NULL;
    if (text && *text)
        return data_pattern_text(text, error);
    for (size_t i = 0; expression && i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].expression, expression))
            return copy_of(known[i].pattern, error);
    if (expression)
        base_fail(error, BASE_BAD_INPUT,
                  "%s: %s: the regular expression \"%s\" is not one of those that sbert knows",
                  where, key, base_escape(shown, sizeof shown, expression, strlen(expression)));
    else
        base_fail(error, BASE_BAD_INPUT,
                  "%s: %s is no pattern, expected {\"String\": TEXT} or {\"Regex\": EXPRESSION}",
                  where, key);
    return NULL;
}

void data_pattern_free(data_pattern *p) {
    if (!p)
        return;
    free(p->text);
    free(p);
}

bool data_pattern_next(const data_pattern *p, const char *text, size_t size, size_t from,
                       size_t *begin, size_t *end) {
    for (size_t at = from; at < size;) {
        size_t n = p->match(p, text, size, at);
        if (n) {
            *begin = at;
            *end = at + n;
            return true;
        }
        data_unicode_next(text, &at);
    }
    return false;
}
