/* Strings and a vocabulary by rule, the same as in tests/golden/make_tokenizer_digests.py. */
#ifndef TESTS_TOKEN_STRINGS_H
#define TESTS_TOKEN_STRINGS_H

#include "base/memory.h"

#include <stdint.h>

/* Replaces *out by the next string of a stream (start with *state = seed). Letters, marks, any
 * code points, text of special tokens, ill-formed bytes. */
void token_strings_next(uint64_t *state, base_bytes *out);

/* Writes the vocabulary into the test's folder and returns its path: [PAD] [UNK] [CLS] [SEP]
 * [MASK], letters of many scripts and pairs of ASCII letters. */
const char *token_strings_vocabulary(void);

/* base_hash_byte of a row of ids, continued from hash. */
uint64_t token_strings_digest(uint64_t hash, const uint32_t *ids, size_t count);

#endif
