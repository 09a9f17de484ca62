/* SentencePiece's precompiled normalizer: a map of characters, as a model file and tokenizer.json
 * carry it ("precompiled_charsmap"): the size in bytes of a double-array trie (32 bits, the least
 * significant byte first), the trie's units of 32 bits, and the replacements, each with a NUL
 * behind it. Equal to Precompiled of the `tokenizers` package, which looks at grapheme clusters
 * first. */
#ifndef DATA_CHARSMAP_H
#define DATA_CHARSMAP_H

#include "base/memory.h"

typedef struct data_charsmap data_charsmap;

/* Copies the map; `where` begins a message about a broken one. Free with data_charsmap_free. */
data_charsmap *data_charsmap_new(const void *bytes, size_t size, const char *where,
                                 base_error *error);

/* From base64 (RFC 4648, padded, no line ends). */
data_charsmap *data_charsmap_from_base64(const char *text, const char *where, base_error *error);

void data_charsmap_free(data_charsmap *map);

/* Appends the base64 text of the map to out. */
bool data_charsmap_to_base64(const data_charsmap *map, base_bytes *out, base_error *error);

/* Appends text[0..size) (valid UTF-8) with its characters replaced to out: a cluster of at most 5
 * bytes as a whole by what its shortest mapped prefix stands for, else each code point alone. */
bool data_charsmap_add(const data_charsmap *map, const char *text, size_t size, base_bytes *out,
                       base_error *error);

/* How many bytes at the beginning of what is appended stem from text[0..head), the first characters
 * of the text, by the package's count: replacements go character by character, and what follows a
 * character that is replaced by nothing takes its place. */
size_t data_charsmap_head(const data_charsmap *map, const char *text, size_t size, size_t head);

#endif
