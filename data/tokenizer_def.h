/* What a kind of tokenizer is, for the files data/tokenizer_*.c. A kind is a model: how a word is
 * cut into pieces. What comes before it (data/normalizer.h, data/pretokenizer.h) and around it
 * (special and added tokens) is common to all kinds. */
#ifndef DATA_TOKENIZER_DEF_H
#define DATA_TOKENIZER_DEF_H

#include "base/json.h"
#include "data/added_tokens.h"
#include "data/normalizer.h"
#include "data/post_processor.h"
#include "data/pretokenizer.h"
#include "data/tokenizer.h"
#include "data/tokenizer_json.h"
#include "data/vocabulary.h"

enum { DATA_MAX_TOKENIZER_FILES = 10 };

/* A file that the folder may have, as it was read. */
typedef struct data_tokenizer_file {
    const char *name;
    bool there;
    base_bytes bytes;
    char *path; /* for messages */
} data_tokenizer_file;

/* A special token by the key of tokenizer_config.json and what it is called without one; `before`
 * and `behind` a text: it stands there. */
typedef struct data_special_name {
    const char *key, *content;
    bool before, behind;
} data_special_name;

typedef struct data_tokenizer_def {
    const char *model; /* "type" of "model" in tokenizer.json */

    /* Files with the vocabulary, for folders without tokenizer.json, NULL behind the last: the kind
     * is that of a folder with the first of them. */
    const char *files[4];

    const data_special_name *names; /* what special tokens are called, NULL key behind the last */

    /* For folders without tokenizer.json: reads the kind's files and makes `vocabulary`, `tree`,
     * `made_config`, `parts`, `twice` and, where they are others, `names`. */
    bool (*make)(data_tokenizer *tokenizer, base_error *error);

    /* Reads the model from the tree's "model" and `parts`. May change the tree's other parts. */
    bool (*open)(data_tokenizer *tokenizer, const cJSON *model, base_error *error);
    void (*close)(void *model);

    /* Pushes the pieces of a word (valid UTF-8, not empty). */
    bool (*pieces)(const data_tokenizer *tokenizer, const char *word, size_t size, data_tokens *out,
                   base_error *error);

    /* Memory that `pieces` finds in out->scratch->kind, zeroed at first, and how to free what is in
     * it. A size of 0: none. */
    size_t scratch_size;
    void (*scratch_free)(void *scratch);

    /* Writes the members "vocab" and, where the kind has them, "merges"; NULL: a tokenizer.json is
     * never of this kind. */
    void (*put_vocabulary)(const data_tokenizer *tokenizer, base_json_writer *writer);

    /* Writes the kind's files, where they are no tokenizer.json; else NULL. */
    bool (*save)(const data_tokenizer *tokenizer, const char *folder, base_error *error);
} data_tokenizer_def;

/* Memory of one holder of tokens. */
typedef struct data_tokens_scratch {
    data_normal_text normal;
    data_words words;
    const data_tokenizer_def *def; /* whose `kind` is */
    void *kind;
} data_tokens_scratch;

struct data_tokenizer {
    const data_tokenizer_def *def;
    void *model; /* the kind's own */
    data_vocabulary *vocabulary;
    data_tokenizer_parts parts; /* of tokenizer.json, but for the vocabulary */
    data_normalizer *normalizer;
    data_pretokenizer *pretokenizer;
    data_added_tokens added;
    const data_special_name *names; /* of the special tokens, NULL key at the end */
    bool twice;     /* what ends a text comes twice between two (RoBERTa), where no file says it */
    bool lists_own; /* the vocabulary file lists the additional special tokens, in place of
                     * special_tokens_map.json, as transformers 5 reads SentencePiece's */
    data_post_processor post;
    bool bare; /* nothing stands around a text */
    bool lower_case;
    bool asks_head; /* see data/pretokenizer.h */
    size_t max_length;

    data_tokenizer_file file[DATA_MAX_TOKENIZER_FILES]; /* as they were read, empty: none */
    cJSON *tree;        /* tokenizer.json without its large parts, read or made */
    cJSON *config;      /* tokenizer_config.json, NULL: none */
    cJSON *special_map; /* special_tokens_map.json where it counts (data/tokenizer_special.h) */
    cJSON *made_config; /* what goes into it when there is none */
    const char *where;  /* the file that says what the tokenizer is, for messages */
};

/* The id of a piece or added token that is wanted `around` ("before", "behind") every text. */
bool data_tokenizer_find(const data_tokenizer *tokenizer, const char *piece, const char *around,
                         uint32_t *id, const char *where, base_error *error);

/* For folders without tokenizer.json, whose files other tokenizers have too: false when
 * tokenizer_config.json names a tokenizer_class that is none of these (NULL-terminated; "Fast" may
 * stand behind them). */
bool data_tokenizer_check_class(const data_tokenizer *tokenizer, const char *const *classes,
                                base_error *error);

/* The content of a special token by its key ("cls_token"), as the files name it; `otherwise` where
 * they do not. */
const char *data_tokenizer_named(const data_tokenizer *tokenizer, const char *key,
                                 const char *otherwise);

/* The file of that name if it was in the folder, else NULL. */
const data_tokenizer_file *data_tokenizer_file_of(const data_tokenizer *tokenizer,
                                                  const char *name);

/* Room for n more ids, as far as the limit lets them in, and for the special ones behind. */
bool data_tokens_grow(data_tokens *out, size_t n, base_error *error);
static inline bool data_tokens_reserve(data_tokens *out, size_t n, base_error *error) {
    return (n < out->capacity && out->capacity - n >= out->count + DATA_MAX_SPECIAL) ||
           data_tokens_grow(out, n, error);
}

/* Appends an id to out, or notes that the limit is reached. */
static inline void data_tokens_push(data_tokens *out, uint32_t id) {
    if (out->count < out->limit)
        out->ids[out->count++] = id;
    else
        out->truncated = true;
}

#endif
