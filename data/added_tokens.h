/* Tokens that are found in the text itself, before it is cut into words: [CLS], [MASK] and whatever
 * a model adds. */
#ifndef DATA_ADDED_TOKENS_H
#define DATA_ADDED_TOKENS_H

#include "base/memory.h"

#include <stdint.h>

typedef struct data_added_token {
    char *content;
    uint32_t id;
    bool special;
    bool normalized;     /* matched in normalised text, in its normalised form */
    bool single_word;    /* only where no word character touches it */
    bool lstrip, rstrip; /* swallows the white space before, behind it */
    base_bytes pattern;  /* what is matched; empty: nothing */
} data_added_token;

typedef struct data_added_tokens {
    data_added_token *token;
    size_t count, capacity;
    bool starts[2][256]; /* [normalized]: bytes that begin a pattern */
} data_added_tokens;

/* Takes over content (heap memory) and pattern, also on failure. */
bool data_added_tokens_add(data_added_tokens *tokens, data_added_token token, base_error *error);
void data_added_tokens_free(data_added_tokens *tokens);

/* The token with this content or id; NULL if none. */
const data_added_token *data_added_tokens_find(const data_added_tokens *tokens,
                                               const char *content);
const data_added_token *data_added_tokens_get(const data_added_tokens *tokens, uint32_t id);

/* Walks over text: leftmost matches first, of those the longest, none overlapping. */
typedef struct data_added_cursor {
    size_t search; /* where to look on; start with {0} */
    size_t end;    /* end of the last match and of the space it swallowed */
} data_added_cursor;

typedef struct data_added_match {
    size_t begin, end; /* with the space swallowed; begin may lie before the last match's end */
    uint32_t id;
} data_added_match;

/* The next match of a token with this `normalized`; false when there is none. */
bool data_added_tokens_next(const data_added_tokens *tokens, bool normalized, const char *text,
                            size_t size, data_added_cursor *cursor, data_added_match *match);

#endif
