/* Tokenizers: text to ids. One file a kind, one line in tokenizers.def.
 *
 * A tokenizer is immutable once loaded and may be used by several threads. */
#ifndef DATA_TOKENIZER_H
#define DATA_TOKENIZER_H

#include "base/memory.h"

#include <stdint.h>

typedef struct data_tokenizer data_tokenizer;

/* What one text became. Arrays belong to the holder and grow; start with {0}, free with
 * data_tokens_free. `ids` has the special tokens ([CLS] ... [SEP]) and at most max_length ids. */
typedef struct data_tokens {
    uint32_t *ids;
    size_t count, capacity;
    bool truncated; /* pieces were cut to max_length */

    /* Scratch of the tokenizer, kept so that a later text need not allocate. */
    size_t limit;    /* most ids that text may fill */
    base_bytes text; /* normalised text */
    uint32_t *marks; /* code points that wait to be ordered */
    size_t marks_capacity;
    base_bytes work; /* of the kind */
} data_tokens;

void data_tokens_free(data_tokens *tokens);

/* Loads from a model folder: tokenizer.json, else a kind's own file (vocab.txt);
 * tokenizer_config.json is optional.
 * Truncation and padding inside tokenizer.json are ignored. Casing, accents and ideographs:
 * tokenizer_config.json, else tokenizer.json, else lower case, as transformers does it (with
 * tokenizer_class PreTrainedTokenizerFast tokenizer.json alone counts). Special and added tokens:
 * tokenizer.json, else tokenizer_config.json, else the kind's. When both vocabularies are there,
 * different sizes are refused and different pieces warned of. Free with data_tokenizer_free. */
data_tokenizer *data_tokenizer_load(const char *folder, base_error *error);

/* WordPiece from a vocabulary file alone (one piece a line). `lower_case`: lower and strip accents.
 */
data_tokenizer *data_tokenizer_from_vocab(const char *path, bool lower_case, base_error *error);

void data_tokenizer_free(data_tokenizer *tokenizer);

/* Replaces *out by the ids of text[0..size), cut to max_length ids in all (>= 2). Equal to the
 * Hugging Face `tokenizers` package 0.23.3 on every string; ill-formed UTF-8 as base/utf8.h says.
 */
bool data_tokenizer_encode(const data_tokenizer *tokenizer, const char *text, size_t size,
                           size_t max_length, data_tokens *out, base_error *error);

/* Number of pieces; the piece with an id (NUL-terminated, owned by the tokenizer; NULL if none). */
size_t data_tokenizer_vocab_size(const data_tokenizer *tokenizer);
const char *data_tokenizer_piece(const data_tokenizer *tokenizer, uint32_t id);
bool data_tokenizer_lower_case(const data_tokenizer *tokenizer);

/* model_max_length of tokenizer_config.json, 0 when absent or absurd (above 2^20). */
size_t data_tokenizer_max_length(const data_tokenizer *tokenizer);

/* Writes the kind's own files (vocab.txt), tokenizer.json, tokenizer_config.json and
 * special_tokens_map.json into the folder, so that transformers and tokenizers load it: files that
 * were loaded are written back as read, missing ones are made. */
bool data_tokenizer_save(const data_tokenizer *tokenizer, const char *folder, size_t max_length,
                         base_error *error);

#endif
