/* Normalizers: what tokenizer.json's "normalizer" does to a text before it is cut into words. Equal
 * to those of the `tokenizers` package. */
#ifndef DATA_NORMALIZER_H
#define DATA_NORMALIZER_H

#include "base/json.h"
#include "data/unicode_form.h"

typedef struct data_normalizer data_normalizer;

/* A text on its way; start with {0}, free with data_normal_text_free. */
typedef struct data_normal_text {
    base_bytes text; /* what it has become */
    size_t head; /* bytes at its beginning that stem from the first character that went in, or 0 */

    base_bytes other; /* scratch */
    data_code_points points;
} data_normal_text;

void data_normal_text_free(data_normal_text *text);

/* From the value of "normalizer", Sequences unrolled; NULL or null is none, which changes nothing.
 * What is not known is refused by its name; `where` names the file. Free with
 * data_normalizer_free. */
data_normalizer *data_normalizer_read(const cJSON *json, const char *where, base_error *error);
void data_normalizer_free(data_normalizer *normalizer);

/* Whether it makes text lower case. */
bool data_normalizer_lowers(const data_normalizer *normalizer);

/* Replaces out->text by text[0..size) (valid UTF-8) normalised, and out->head where `first` asks
 * for it. */
bool data_normalizer_run(const data_normalizer *normalizer, const char *text, size_t size,
                         bool first, data_normal_text *out, base_error *error);

#endif
