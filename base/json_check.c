#include "base/json_check.h"

#include "base/number.h"
#include "base/utf8.h"

#include <string.h>

enum { MAX_DEPTH = 500, MAX_NUMBER = 63 /* bytes that cJSON reads of a number */ };

typedef struct scan {
    const char *text, *name;
    size_t size, at, first_line, depth;
    base_error *error;
} scan;

static bool fail_at(scan *s, size_t at, const char *expected) {
    size_t line = s->first_line, column = 1;
    for (size_t i = 0; i < at; i++) {
        column = s->text[i] == '\n' ? 1 : column + 1;
        line += s->text[i] == '\n';
    }
    char found[64];
    size_t shown = s->size - at < 12 ? s->size - at : 12;
    if (at >= s->size)
        return base_fail(s->error, BASE_BAD_INPUT,
                         "%s: line %zu, column %zu: the text ends, expected %s", s->name, line,
                         column, expected);
    return base_fail(s->error, BASE_BAD_INPUT,
                     "%s: line %zu, column %zu: found \"%s\", expected %s", s->name, line, column,
                     base_escape(found, sizeof found, s->text + at, shown), expected);
}

static int peek(const scan *s) {
    return s->at < s->size ? (unsigned char)s->text[s->at] : -1;
}

static void skip_space(scan *s) {
    for (int c = peek(s); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(s))
        s->at++;
}

static bool digits(scan *s) {
    size_t from = s->at;
    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > from || fail_at(s, s->at, "a digit");
}

static bool in_double_range(scan *s, size_t from) {
    double value;
    if (s->at - from > MAX_NUMBER)
        return fail_at(s, from, "a number of at most 63 characters");
    return base_number_parse(s->text + from, s->at - from, &value) ||
           fail_at(s, from, "a finite number");
}

static bool number(scan *s) {
    size_t from = s->at;
    if (peek(s) == '-')
        s->at++;
    if (peek(s) == '0')
        s->at++;
    else if (!digits(s))
        return false;
    if (peek(s) == '.') {
        s->at++;
        if (!digits(s))
            return false;
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!digits(s))
            return false;
    }
    return in_double_range(s, from);
}

static bool hex4(scan *s, unsigned *value) {
    *value = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        int c = peek(s);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return fail_at(s, s->at, "a hexadecimal digit");
        *value = *value * 16 + (unsigned)digit;
    }
    return true;
}

static bool unicode_escape(scan *s) {
    size_t from = s->at - 2;
    unsigned high, low;
    if (!hex4(s, &high))
        return false;
    if (high == 0)
        return fail_at(s, from, "text without \\u0000");
    if (high >= 0xdc00 && high <= 0xdfff)
        return fail_at(s, from, "a surrogate pair, not a lone low surrogate");
    if (high < 0xd800 || high > 0xdbff)
        return true;
    if (s->size - s->at < 6 || s->text[s->at] != '\\' || s->text[s->at + 1] != 'u')
        return fail_at(s, from, "a surrogate pair, not a lone high surrogate");
    s->at += 2;
    if (!hex4(s, &low))
        return false;
    return (low >= 0xdc00 && low <= 0xdfff) || fail_at(s, from, "a valid surrogate pair");
}

static bool escape(scan *s) {
    s->at++;
    int c = peek(s);
    if (c < 0 || !strchr("\"\\/bfnrtu", c) || c == 0)
        return fail_at(s, s->at, "one of \" \\ / b f n r t u after a backslash");
    s->at++;
    return c != 'u' || unicode_escape(s);
}

static bool string(scan *s) {
    if (peek(s) != '"')
        return fail_at(s, s->at, "a string");
    s->at++;
    for (;;) {
        int c = peek(s);
        uint32_t code_point;
        bool valid;
        if (c < 0)
            return fail_at(s, s->at, "the closing quote of a string");
        if (c < 0x20)
            return fail_at(s, s->at, "an escaped control character");
        if (c == '\\') {
            if (!escape(s))
                return false;
            continue;
        }
        size_t step = base_utf8_decode(s->text + s->at, s->size - s->at, &code_point, &valid);
        if (!valid)
            return fail_at(s, s->at, "valid UTF-8");
        s->at += step;
        if (c == '"')
            return true;
    }
}

static bool value(scan *s);

static bool member(scan *s) {
    skip_space(s);
    if (!string(s))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return fail_at(s, s->at, "a colon");
    s->at++;
    return value(s);
}

static bool sequence(scan *s, char close, bool (*item)(scan *)) {
    if (++s->depth > MAX_DEPTH)
        return fail_at(s, s->at, "nesting of at most 500 levels");
    s->at++;
    skip_space(s);
    if (peek(s) == close) {
        s->at++;
        s->depth--;
        return true;
    }
    for (;;) {
        if (!item(s))
            return false;
        skip_space(s);
        int c = peek(s);
        if (c != ',' && c != close)
            return fail_at(s, s->at, close == '}' ? "a comma or }" : "a comma or ]");
        s->at++;
        if (c == close) {
            s->depth--;
            return true;
        }
    }
}

static bool literal(scan *s, const char *word) {
    size_t n = strlen(word);
    if (s->size - s->at < n || memcmp(s->text + s->at, word, n) != 0)
        return fail_at(s, s->at, "a JSON value");
    s->at += n;
    return true;
}

static bool value(scan *s) {
    skip_space(s);
    int c = peek(s);
    if (c == '{')
        return sequence(s, '}', member);
    if (c == '[')
        return sequence(s, ']', value);
    if (c == '"')
        return string(s);
    if (c == '-' || (c >= '0' && c <= '9'))
        return number(s);
    return literal(s, c == 't' ? "true" : c == 'f' ? "false" : "null");
}

bool base_json_check(const char *text, size_t size, const char *name, size_t first_line,
                     base_error *error) {
    scan s = {text, name, size, 0, first_line, 0, error};
    if (!value(&s))
        return false;
    skip_space(&s);
    return s.at == size || fail_at(&s, s.at, "nothing after the value");
}
