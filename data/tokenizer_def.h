/* What a kind of tokenizer is, for the files data/tokenizer_*.c. */
#ifndef DATA_TOKENIZER_DEF_H
#define DATA_TOKENIZER_DEF_H

#include "base/json.h"
#include "data/added_tokens.h"
#include "data/post_processor.h"
#include "data/tokenizer.h"
#include "data/vocabulary.h"

/* The files of a model folder; what is not there is NULL. */
typedef struct data_tokenizer_files {
    const cJSON *json, *config; /* tokenizer.json (model.vocab taken out), tokenizer_config.json */
    const char *json_name, *config_name, *vocab_name; /* for messages */
} data_tokenizer_files;

/* A special token by its key in tokenizer_config.json. */
typedef struct data_special_name {
    const char *key, *content;
} data_special_name;

typedef struct data_tokenizer_def {
    const char *model;           /* "type" of "model" in tokenizer.json */
    const char *sign;            /* a member of "model" that it alone has, for files without type */
    const char *vocabulary_file; /* its own file; a folder with it alone is of this kind */
    data_vocabulary *(*read_vocabulary)(const char *path, base_error *error);

    /* What it calls its special tokens where no file says, ended by {NULL}; keys of those around a
     * text. */
    const data_special_name *special;
    const char *before, *behind;

    /* Reads the kind's own settings; the vocabulary is loaded. */
    bool (*open)(data_tokenizer *tokenizer, const data_tokenizer_files *files, base_error *error);
    void (*close)(data_tokenizer *tokenizer);

    /* Replaces out->text by the normalised text. */
    bool (*normalise)(const data_tokenizer *tokenizer, const char *text, size_t size,
                      data_tokens *out, base_error *error);

    /* Pushes the pieces of normalised text; out->ids has room for `size` more, out->work is its own
     * scratch. */
    bool (*pieces)(const data_tokenizer *tokenizer, const char *text, size_t size, data_tokens *out,
                   base_error *error);

    /* Adds "normalizer", "pre_tokenizer", "decoder" and "model" (its vocab empty) to the object
     * that becomes tokenizer.json, and its own keys to that of tokenizer_config.json; false when
     * memory is out. */
    bool (*describe)(const data_tokenizer *tokenizer, cJSON *json, cJSON *config);

    /* Writes its own files into a model folder, beside tokenizer.json. */
    bool (*save)(const data_tokenizer *tokenizer, const char *folder, base_error *error);
} data_tokenizer_def;

struct data_tokenizer {
    const data_tokenizer_def *def;
    void *model; /* the kind's own */
    data_vocabulary *vocabulary;
    data_added_tokens added;
    data_post_processor post;
    bool lower_case;
    size_t max_length;
    base_bytes json, config, special_map; /* files as they were read, empty: none */
};

/* The id of a piece or added token that is wanted `around` ("before", "behind") every text. */
bool data_tokenizer_find(const data_tokenizer *tokenizer, const char *piece, const char *around,
                         uint32_t *id, const char *where, base_error *error);

/* Appends an id to out, or notes that there is no room. */
static inline void data_tokens_push(data_tokens *out, uint32_t id) {
    if (out->count < out->limit)
        out->ids[out->count++] = id;
    else
        out->truncated = true;
}

#endif
