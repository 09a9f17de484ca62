/* What text is split at or replaced: a string, a class of characters, or one of the regular
 * expressions that tokenizers of encoders use. There is no library behind it: Oniguruma, whose
 * expressions tokenizer.json has, is not kept any more and would bring another Unicode version than
 * the package's. An expression that is not in the table is refused by name. */
#ifndef DATA_PATTERN_H
#define DATA_PATTERN_H

#include "base/json.h"

typedef struct data_pattern data_pattern;

/* From {"String": TEXT} or {"Regex": EXPRESSION}; `key` ("normalizer.pattern") and `where` begin
 * the message. Free with data_pattern_free. */
data_pattern *data_pattern_read(const cJSON *json, const char *key, const char *where,
                                base_error *error);

/* A string; each code point with any of the flags of data/unicode.h alone; words as
 * "\w+|[^\w\s]+" has them; the expression by which GPT-2 splits. */
data_pattern *data_pattern_text(const char *text, base_error *error);
data_pattern *data_pattern_class(unsigned flags, base_error *error);
data_pattern *data_pattern_words(base_error *error);
data_pattern *data_pattern_gpt2(base_error *error);

void data_pattern_free(data_pattern *pattern);

/* The first match in text[from..size) (valid UTF-8), never empty; false when there is none. */
bool data_pattern_next(const data_pattern *pattern, const char *text, size_t size, size_t from,
                       size_t *begin, size_t *end);

#endif
