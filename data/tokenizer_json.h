/* tokenizer.json: a small tree and a large vocabulary, read apart so that loading is quick. */
#ifndef DATA_TOKENIZER_JSON_H
#define DATA_TOKENIZER_JSON_H

#include "base/json.h"
#include "data/bpe.h"
#include "data/vocabulary.h"

/* The large parts of "model". */
typedef struct data_tokenizer_parts {
    data_vocabulary
        *vocabulary;    /* "vocab": {PIECE: ID, ...} or [[PIECE, SCORE], ...]; NULL: none */
    double *score;      /* [pieces], of the second form, as Rust's serde_json reads them */
    const char *merges; /* "merges": where the list begins in the text; NULL: none */
} data_tokenizer_parts;

/* Parses text (the file `name`). The large parts are empty in the tree. Free the vocabulary and the
 * scores, also after a failure. NULL on failure. */
cJSON *data_tokenizer_json_parse(const char *text, size_t size, const char *name,
                                 data_tokenizer_parts *parts, base_error *error);

/* vocab.json: {PIECE: ID, ...}. NULL on failure. */
data_vocabulary *data_tokenizer_json_vocab(const char *text, size_t size, const char *name,
                                           base_error *error);

/* Adds the list of merges, each "LEFT RIGHT" or ["LEFT", "RIGHT"], to the model. */
bool data_tokenizer_json_merges(const char *merges, const char *name, data_bpe *model,
                                base_error *error);

#endif
