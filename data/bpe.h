/* Byte-pair encoding (Sennrich, Haddow & Birch 2016): the characters of a word are pieces, and the
 * pair of neighbours that was merged first in training is merged first. Equal to BPE of the
 * `tokenizers` package. */
#ifndef DATA_BPE_H
#define DATA_BPE_H

#include "data/tokenizer.h"
#include "data/vocabulary.h"

typedef struct data_bpe data_bpe;

typedef struct data_bpe_settings {
    const char *unknown; /* piece for characters without one; NULL: they are dropped */
    bool fuse_unknown;   /* several such in a row are one */
    bool byte_fallback;  /* such a character is its bytes, <0x00> to <0xFF>, if all are pieces */
    bool ignore_merges;  /* a word that is a piece is that piece */
    const char *prefix;  /* of characters that do not begin the word; NULL or "": none */
    const char *suffix;  /* of the character that ends the word */
} data_bpe_settings;

/* The settings are copied; the vocabulary must outlive the model. Free with data_bpe_free. */
data_bpe *data_bpe_new(const data_vocabulary *vocabulary, const data_bpe_settings *settings,
                       base_error *error);
void data_bpe_free(data_bpe *model);

/* Adds the next merge, in order of rank: the pieces left and right become one. Pieces that are not
 * in the vocabulary are refused; the caller puts file and line before the message. */
bool data_bpe_merge(data_bpe *model, const char *left, size_t left_size, const char *right,
                    size_t right_size, base_error *error);

/* Merges as merges.txt has them: "LEFT RIGHT" a line; lines that begin with "#version" are skipped.
 */
bool data_bpe_merge_lines(data_bpe *model, const char *text, size_t size, const char *path,
                          base_error *error);

/* Walks over the merges by rank: the pieces of the next one from *at on, which starts with 0 and
 * moves behind it; false at the end. */
bool data_bpe_next(const data_bpe *model, size_t *at, uint32_t *left, uint32_t *right);

/* Memory that one word leaves to the next, with the words seen lately and their pieces (some
 * 2 MiB). Belongs to one thread; start with {0}, free with data_bpe_scratch_free. */
typedef struct data_bpe_scratch {
    struct data_bpe_symbol *symbol;
    size_t symbol_count, symbol_capacity;
    struct data_bpe_candidate *heap;
    size_t heap_count, heap_capacity;
    base_bytes piece;
    struct data_bpe_cache *cache;
} data_bpe_scratch;

void data_bpe_scratch_free(data_bpe_scratch *scratch);

/* Pushes the pieces of a word (valid UTF-8, not empty). Fails when a character has no piece and the
 * piece for unknown ones is none of the vocabulary. */
bool data_bpe_encode(const data_bpe *model, const char *word, size_t size,
                     data_bpe_scratch *scratch, data_tokens *out, base_error *error);

#endif
