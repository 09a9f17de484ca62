/* Pre-tokenizers: how tokenizer.json's "pre_tokenizer" cuts a normalised text into words, which the
 * model then cuts into pieces. Equal to those of the `tokenizers` package. */
#ifndef DATA_PRETOKENIZER_H
#define DATA_PRETOKENIZER_H

#include "base/json.h"
#include "data/split.h"

typedef struct data_pretokenizer data_pretokenizer;

typedef struct data_word {
    size_t begin, end; /* in the text; never empty */
    size_t head;       /* bytes at its beginning that stem from the user's first character */
} data_word;

/* The words of a text; start with {0}, free with data_words_free. */
typedef struct data_words {
    const char *text; /* what begin and end are in: lives until the next call */
    data_word *word;
    size_t count, capacity;

    data_word *other; /* scratch: what the next step makes of them */
    size_t other_count, other_capacity;
    data_parts parts;
    base_bytes bytes[2];
} data_words;

void data_words_free(data_words *words);

/* From the value of "pre_tokenizer", Sequences unrolled; NULL or null is none: the text is one
 * word. What is not known is refused by its name; `where` names the file. Free with
 * data_pretokenizer_free. */
data_pretokenizer *data_pretokenizer_read(const cJSON *json, const char *where, base_error *error);
void data_pretokenizer_free(data_pretokenizer *pretokenizer);

/* Whether the head of a text makes a difference. */
bool data_pretokenizer_asks_head(const data_pretokenizer *pretokenizer);

/* Replaces *out by the words of text[0..size) (valid UTF-8, lives as long as *out is used).
 * `first`: the text begins where the user's text begins (Metaspace with prepend_scheme "first"). */
bool data_pretokenizer_run(const data_pretokenizer *pretokenizer, const char *text, size_t size,
                           size_t head, data_words *out, base_error *error);

#endif
