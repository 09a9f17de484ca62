/* A vocabulary: pieces of text with ids 0 .. n-1, found by a hash table. */
#ifndef DATA_VOCABULARY_H
#define DATA_VOCABULARY_H

#include "base/hash.h"
#include "base/memory.h"

#include <stdint.h>

typedef struct data_vocabulary data_vocabulary;

#define DATA_NO_PIECE BASE_HASH_NONE

/* An empty vocabulary. Free with data_vocabulary_free. */
data_vocabulary *data_vocabulary_new(base_error *error);
void data_vocabulary_free(data_vocabulary *vocabulary);

/* The id of a piece (size bytes, copied), which is put in with the next free id if it is new;
 * DATA_NO_PIECE on failure. */
uint32_t data_vocabulary_add(data_vocabulary *vocabulary, const char *piece, size_t size,
                             base_error *error);

/* One piece a line, the first has id 0. Only LF ends a line, a CR before it and a byte order mark
 * are dropped. Empty files, empty lines, NUL, invalid UTF-8 and repeated pieces are refused. */
data_vocabulary *data_vocabulary_file(const char *path, base_error *error);

/* Writes them so. */
bool data_vocabulary_save(const data_vocabulary *vocabulary, const char *folder, const char *name,
                          base_error *error);

size_t data_vocabulary_size(const data_vocabulary *vocabulary);

/* Bytes of the longest piece. */
size_t data_vocabulary_longest(const data_vocabulary *vocabulary);

/* The piece with an id below the size, NUL-terminated; *size (may be NULL) its bytes. */
const char *data_vocabulary_piece(const data_vocabulary *vocabulary, uint32_t id, size_t *size);

/* The id of a piece, or DATA_NO_PIECE. */
uint32_t data_vocabulary_find(const data_vocabulary *vocabulary, const char *piece, size_t size);

/* The id of the piece prefix[0..prefix_size) text[0..size), whose base_hash_bytes is known. */
uint32_t data_vocabulary_match(const data_vocabulary *vocabulary, uint64_t hash, const char *prefix,
                               size_t prefix_size, const char *text, size_t size);

#endif
