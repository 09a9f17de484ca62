/* What a kind of tokenizer is, for the files data/tokenizer_*.c. */
#ifndef DATA_TOKENIZER_DEF_H
#define DATA_TOKENIZER_DEF_H

#include "base/json.h"
#include "data/added_tokens.h"
#include "data/tokenizer.h"
#include "data/vocabulary.h"

enum { DATA_MAX_SPECIAL = 16 };

/* The files of a model folder; what is not there is NULL. */
typedef struct data_tokenizer_files {
    const cJSON *json, *config; /* tokenizer.json (model.vocab taken out), tokenizer_config.json */
    const char *json_name, *config_name, *vocab_name; /* for messages */
} data_tokenizer_files;

typedef struct data_tokenizer_def {
    const char *model; /* "type" of "model" in tokenizer.json */

    /* Reads the kind's own settings; the vocabulary is loaded. */
    bool (*open)(data_tokenizer *tokenizer, const data_tokenizer_files *files, base_error *error);
    void (*close)(data_tokenizer *tokenizer);

    /* Replaces out->text by the normalised text. */
    bool (*normalise)(const data_tokenizer *tokenizer, const char *text, size_t size,
                      data_tokens *out, base_error *error);

    /* Pushes the pieces of normalised text; out->ids has room for `size` more. */
    void (*pieces)(const data_tokenizer *tokenizer, const char *text, size_t size,
                   data_tokens *out);

    /* Adds "normalizer", "pre_tokenizer", "decoder" and "model" (its vocab empty) to the object
     * that becomes tokenizer.json, and its own keys to that of tokenizer_config.json; false when
     * memory is out. */
    bool (*describe)(const data_tokenizer *tokenizer, cJSON *json, cJSON *config);
} data_tokenizer_def;

struct data_tokenizer {
    const data_tokenizer_def *def;
    void *model; /* the kind's own */
    data_vocabulary *vocabulary;
    data_added_tokens added;
    uint32_t special[DATA_MAX_SPECIAL]; /* ids before the text and then behind it */
    size_t before, behind;
    bool lower_case;
    size_t max_length;
    base_bytes json, config, special_map; /* files as they were read, empty: none */
};

/* Appends an id to out, or notes that there is no room. */
static inline void data_tokens_push(data_tokens *out, uint32_t id) {
    if (out->count < out->limit)
        out->ids[out->count++] = id;
    else
        out->truncated = true;
}

#endif
