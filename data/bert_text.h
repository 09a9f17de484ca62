/* Text as BERT's tokenizers see it: cleaned, ideographs set apart, accents stripped, lower case.
 * Equal to BertNormalizer of the `tokenizers` package. */
#ifndef DATA_BERT_TEXT_H
#define DATA_BERT_TEXT_H

#include "data/unicode_form.h"

typedef struct data_bert_text {
    bool clean;         /* drop control characters and U+FFFD, make white space a blank */
    bool chinese;       /* a blank on both sides of ideographs */
    bool strip_accents; /* decompose canonically and drop nonspacing marks */
    bool lower_case;
    int8_t ascii[128]; /* what becomes of ASCII; -1: nothing (data_bert_text_prepare) */
} data_bert_text;

/* Fills the table from the four settings. */
void data_bert_text_prepare(data_bert_text *settings);

/* Appends the normalised text[0..size) (valid UTF-8) to out, a NUL behind it. */
bool data_bert_text_add(const data_bert_text *settings, const char *text, size_t size,
                        base_bytes *out, data_code_points *scratch, base_error *error);

/* A word of normalised text: what stands between white space, punctuation marks each alone. */
typedef struct data_bert_word {
    const char *bytes;
    size_t size, letters; /* letters: code points */
} data_bert_word;

/* The next word from *at on, which moves behind it; false at the end. Equal to the package's
 * BertPreTokenizer. */
bool data_bert_text_word(const char *text, size_t size, size_t *at, data_bert_word *word);

#endif
