/* Tokenizers: text to ids. One file a kind, one line in tokenizers.def.
 *
 * A tokenizer is immutable once loaded and may be used by several threads. */
#ifndef DATA_TOKENIZER_H
#define DATA_TOKENIZER_H

#include "base/memory.h"

#include <stdint.h>

typedef struct data_tokenizer data_tokenizer;
struct data_vocabulary;

/* What one text became. Arrays belong to the holder and grow; start with {0}, free with
 * data_tokens_free. `ids` has the special tokens ([CLS] ... [SEP]) and at most max_length ids. */
typedef struct data_tokens {
    uint32_t *ids;
    size_t count, capacity;
    bool truncated; /* pieces were cut to max_length */

    /* Of the tokenizer: most ids that text may fill, and memory that a later text finds again. */
    size_t limit;
    struct data_tokens_scratch *scratch;
} data_tokens;

void data_tokens_free(data_tokens *tokens);

/* Loads from a model folder: tokenizer.json, whose model is WordPiece, BPE or Unigram; else, as
 * transformers does it, vocab.txt (BERT), vocab.json and merges.txt (RoBERTa),
 * sentencepiece.bpe.model (XLM-R), spiece.model (ALBERT) or whitespacetokenizer_config.json
 * (sentence-transformers' WhitespaceTokenizer). tokenizer_config.json is optional.
 * Truncation and padding inside tokenizer.json are ignored; anything else in it that is not known
 * is refused by name. WordPiece's casing, accents and ideographs: tokenizer_config.json, else
 * tokenizer.json, else lower case (with tokenizer_class PreTrainedTokenizerFast tokenizer.json
 * alone counts). Special and added tokens: tokenizer.json, else tokenizer_config.json,
 * special_tokens_map.json and added_tokens.json, else those of BERT, RoBERTa or ALBERT. When
 * tokenizer.json and vocab.txt are there, different sizes are refused and different pieces warned
 * of. Free with data_tokenizer_free. */
data_tokenizer *data_tokenizer_load(const char *folder, base_error *error);

/* The same without special tokens around a text, so that an empty one has no ids
 * (add_special_tokens=False). Of several files tokenizer.json alone counts, with its truncation, as
 * for sentence-transformers' StaticEmbedding; it is the only file that data_tokenizer_save writes.
 */
data_tokenizer *data_tokenizer_load_bare(const char *folder, base_error *error);

/* From a vocabulary file alone (one piece a line). `lower_case`: lower and strip accents. */
data_tokenizer *data_tokenizer_from_vocab(const char *path, bool lower_case, base_error *error);

/* Whole words between white space, without sentence-transformers' English stop words. Takes the
 * vocabulary, also on failure. */
data_tokenizer *data_tokenizer_from_words(struct data_vocabulary *words, base_error *error);

/* From now on without special tokens, as data_tokenizer_load_bare. */
void data_tokenizer_make_bare(data_tokenizer *tokenizer);

void data_tokenizer_free(data_tokenizer *tokenizer);

/* Replaces *out by the ids of text[0..size), cut to max_length ids in all (>= 2). Equal to the
 * Hugging Face `tokenizers` package 0.23.3 on every string, or to WhitespaceTokenizer; ill-formed
 * UTF-8 as base/utf8.h says.
 */
bool data_tokenizer_encode(const data_tokenizer *tokenizer, const char *text, size_t size,
                           size_t max_length, data_tokens *out, base_error *error);

/* Replaces *out by the ids of a text alone: no special tokens, nothing cut (data/pair.h). */
bool data_tokenizer_encode_part(const data_tokenizer *tokenizer, const char *text, size_t size,
                                data_tokens *out, base_error *error);

/* A hash of all that decides ids, equal for a tokenizer and what data_tokenizer_save makes of it.
 */
bool data_tokenizer_hash(const data_tokenizer *tokenizer, uint64_t *hash, base_error *error);

/* The kind: "WordPiece", "BPE", "Unigram" or "Whitespace". */
const char *data_tokenizer_kind(const data_tokenizer *tokenizer);

/* Number of pieces; the piece with an id (NUL-terminated, owned by the tokenizer; NULL if none). */
size_t data_tokenizer_vocab_size(const data_tokenizer *tokenizer);
const char *data_tokenizer_piece(const data_tokenizer *tokenizer, uint32_t id);
bool data_tokenizer_lower_case(const data_tokenizer *tokenizer);

/* model_max_length of tokenizer_config.json (of a bare tokenizer: the truncation of
 * tokenizer.json), 0 when absent or absurd (above 2^20). */
size_t data_tokenizer_max_length(const data_tokenizer *tokenizer);

/* Writes the tokenizer's files into the folder, so that transformers and tokenizers load it: those
 * that were loaded byte for byte as they were; tokenizer.json, tokenizer_config.json,
 * special_tokens_map.json and WordPiece's vocab.txt are made when they were not there. */
bool data_tokenizer_save(const data_tokenizer *tokenizer, const char *folder, size_t max_length,
                         base_error *error);

#endif
