/* A model file of SentencePiece (sentencepiece.bpe.model, spiece.model): a protocol buffer
 * "ModelProto" (github.com/google/sentencepiece, sentencepiece_model.proto). */
#ifndef DATA_SENTENCEPIECE_H
#define DATA_SENTENCEPIECE_H

#include "base/memory.h"

#include <stdint.h>

typedef enum data_sentencepiece_type {
    DATA_SENTENCEPIECE_NORMAL = 1,
    DATA_SENTENCEPIECE_UNKNOWN,
    DATA_SENTENCEPIECE_CONTROL,
    DATA_SENTENCEPIECE_USER_DEFINED,
    DATA_SENTENCEPIECE_UNUSED,
    DATA_SENTENCEPIECE_BYTE,
} data_sentencepiece_type;

typedef struct data_sentencepiece_piece {
    const char *text; /* size bytes of valid UTF-8 without NUL, in the file */
    size_t size;
    float score;
    uint64_t type; /* data_sentencepiece_type, or what a later version has */
} data_sentencepiece_piece;

enum { DATA_SENTENCEPIECE_UNIGRAM = 1, DATA_SENTENCEPIECE_BPE = 2 };

typedef struct data_sentencepiece {
    data_sentencepiece_piece *piece; /* by id */
    size_t count, capacity;
    uint64_t model_type;  /* of the trainer */
    int64_t unknown;      /* its id */
    bool byte_fallback;   /* unknown characters are bytes */
    const char *charsmap; /* of the normalizer; NULL: none */
    size_t charsmap_size;
    bool dummy_prefix; /* a blank goes before the text */
    bool remove_extra_whitespaces;
    bool escape_whitespaces; /* blanks become U+2581 */
    bool whitespace_suffix;  /* U+2581 ends words instead of beginning them */
} data_sentencepiece;

/* Reads file[0..size), into which the pieces and the map point; `path` begins messages, which have
 * the byte's offset. Fields that are not named above are skipped. Free with
 * data_sentencepiece_free, also after a failure. */
bool data_sentencepiece_read(const char *file, size_t size, const char *path,
                             data_sentencepiece *out, base_error *error);

void data_sentencepiece_free(data_sentencepiece *model);

#endif
