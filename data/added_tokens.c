#include "data/added_tokens.h"

#include "base/utf8.h"
#include "data/unicode.h"

#include <stdlib.h>
#include <string.h>

static void free_token(data_added_token *token) {
    free(token->content);
    base_bytes_free(&token->pattern);
}

bool data_added_tokens_add(data_added_tokens *tokens, data_added_token token, base_error *error) {
    if (!base_grow(&tokens->token, &tokens->capacity, tokens->count + 1, sizeof token, error)) {
        free_token(&token);
        return false;
    }
    if (token.pattern.size)
        tokens->starts[token.normalized][(unsigned char)token.pattern.data[0]] = true;
    tokens->token[tokens->count++] = token;
    return true;
}

void data_added_tokens_free(data_added_tokens *tokens) {
    for (size_t i = 0; i < tokens->count; i++)
        free_token(&tokens->token[i]);
    free(tokens->token);
    *tokens = (data_added_tokens){0};
}

const data_added_token *data_added_tokens_find(const data_added_tokens *tokens,
                                               const char *content) {
    for (size_t i = 0; i < tokens->count; i++)
        if (!strcmp(tokens->token[i].content, content))
            return &tokens->token[i];
    return NULL;
}

const data_added_token *data_added_tokens_get(const data_added_tokens *tokens, uint32_t id) {
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->token[i].id == id)
            return &tokens->token[i];
    return NULL;
}

/* Whether a is taken before b when both match at the same place. */
static bool precedes(const data_added_token *a, const data_added_token *b) {
    if (!b || a->pattern.size != b->pattern.size)
        return !b || a->pattern.size > b->pattern.size;
    return a->special && !b->special;
}

static const data_added_token *match_here(const data_added_tokens *tokens, bool normalized,
                                          const char *text, size_t size) {
    const data_added_token *best = NULL;
    for (size_t i = 0; i < tokens->count; i++) {
        const data_added_token *t = &tokens->token[i];
        if (t->normalized == normalized && t->pattern.size && t->pattern.size <= size &&
            !memcmp(text, t->pattern.data, t->pattern.size) && precedes(t, best))
            best = t;
    }
    return best;
}

static uint32_t code_point_at(const char *text, size_t size, size_t *bytes) {
    uint32_t c;
    bool valid;
    *bytes = base_utf8_decode(text, size, &c, &valid);
    return c;
}

/* The code point that ends at text[end), end >= 1. */
static uint32_t code_point_before(const char *text, size_t end, size_t *bytes) {
    size_t begin = end - 1;
    while (begin > 0 && ((unsigned char)text[begin] & 0xc0) == 0x80)
        begin--;
    return code_point_at(text + begin, end - begin, bytes);
}

static bool is(uint32_t code_point, unsigned flag) {
    return data_unicode(code_point)->flags & flag;
}

static bool stands_alone(const char *text, size_t size, size_t begin, size_t end) {
    size_t bytes;
    return (begin == 0 || !is(code_point_before(text, begin, &bytes), DATA_UNICODE_WORD)) &&
           (end == size || !is(code_point_at(text + end, size - end, &bytes), DATA_UNICODE_WORD));
}

static size_t space_before(const char *text, size_t at, size_t first) {
    size_t bytes;
    while (at > first && is(code_point_before(text, at, &bytes), DATA_UNICODE_SPACE))
        at -= bytes;
    return at;
}

static size_t space_behind(const char *text, size_t size, size_t at) {
    size_t bytes;
    while (at < size && is(code_point_at(text + at, size - at, &bytes), DATA_UNICODE_SPACE))
        at += bytes;
    return at;
}

/* The token found at `at`, with the space it swallows; what the last one swallowed is not there to
 * swallow again. */
static data_added_match match_of(const data_added_token *t, const char *text, size_t size,
                                 size_t at, size_t last_end) {
    size_t end = at + t->pattern.size, begin = at;
    if (t->lstrip)
        begin = at > last_end ? space_before(text, at, last_end) : last_end;
    return (data_added_match){begin, t->rstrip ? space_behind(text, size, end) : end, t->id};
}

bool data_added_tokens_next(const data_added_tokens *tokens, bool normalized, const char *text,
                            size_t size, data_added_cursor *cursor, data_added_match *match) {
    for (size_t at = cursor->search; at < size; at++) {
        if (!tokens->starts[normalized][(unsigned char)text[at]])
            continue;
        const data_added_token *t = match_here(tokens, normalized, text + at, size - at);
        if (!t)
            continue;
        size_t end = at + t->pattern.size;
        if (t->single_word && !stands_alone(text, size, at, end)) {
            at = end - 1;
            continue;
        }
        *match = match_of(t, text, size, at, cursor->end);
        *cursor = (data_added_cursor){end, match->end};
        if (match->begin < match->end)
            return true;
        at = end - 1;
    }
    cursor->search = size;
    return false;
}
