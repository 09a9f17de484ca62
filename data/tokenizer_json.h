/* tokenizer.json: a small tree and a large vocabulary, read apart so that loading is quick. */
#ifndef DATA_TOKENIZER_JSON_H
#define DATA_TOKENIZER_JSON_H

#include "base/json.h"
#include "data/vocabulary.h"

/* Parses text (the file `name`). *vocabulary becomes model.vocab, which is empty in the tree; it is
 * NULL when the model has none. Both belong to the caller. NULL on failure. */
cJSON *data_tokenizer_json_parse(const char *text, size_t size, const char *name,
                                 data_vocabulary **vocabulary, base_error *error);

/* Appends the tree's text to out with the vocabulary put into model.vocab. */
bool data_tokenizer_json_print(const cJSON *tree, const data_vocabulary *vocabulary,
                               base_bytes *out, base_error *error);

#endif
