/* Token caches: a corpus that is tokenised once into files, which are then mapped, so that it may
 * be larger than memory.
 *
 * Caches lie in one folder, each in a folder of its own whose name is a hash of all that decides
 * its content: tokenizer, length, prompts, columns, the reader's options and the names of the
 * corpus's files. In it are flat arrays of little-endian numbers (data/token_cache_def.h) and
 * head.json, which has what a start needs to know, so that a start whose cache is there reads no
 * more than that. A cache is written beside its place and renamed when it is whole (base/output.h).
 *
 * It is used when the corpus's files have the size and checksum that they had (base/checksum.h, in
 * checksums.json); else it is made anew. Every row has a checksum of its own, which is looked at
 * when the row is used. */
#ifndef DATA_TOKEN_CACHE_H
#define DATA_TOKEN_CACHE_H

#include "data/reader.h"
#include "data/token_store.h"

typedef struct data_token_cache {
    const char *folder; /* of all caches; made when it is not there */
    uint64_t limit;     /* bytes that all caches in it may take; 0: any number */
    const char *const *paths;
    size_t count;
    const data_reader_options *reader; /* without a taker */
    const data_tokenising *how;
} data_token_cache;

/* Opens the cache of a corpus, or makes it first, in parts, with bounded memory. One that is there
 * and cannot be used is replaced, which the log says. *corpus gets what is known of the corpus, its
 * first rows included (data_corpus_forget), *store all rows; the caller frees both. Errors leave
 * nothing behind. Of two processes that make one cache at once the second fails. */
bool data_token_cache_get(const data_token_cache *cache, data_corpus **corpus,
                          data_token_store **store, base_error *error);

/* The file in a folder of caches that remembers checksums; free it. */
char *data_token_cache_memory(const char *folder, base_error *error);

/* ---- a folder of caches, looked after ---- */

typedef struct data_cache_entry {
    char *key;  /* its name */
    char *name; /* of the corpus; NULL: it cannot be read, `why` says why */
    bool whole; /* false: what is left of a process that was killed while it made one */
    size_t rows, ids;
    uint64_t bytes;
    double used; /* seconds since 1970 */
    char why[256];
} data_cache_entry;

/* The caches in a folder, in order of their names; other files in it are not looked at. Release
 * with data_cache_entries_free. */
bool data_cache_entries_read(const char *folder, data_cache_entry **entries, size_t *count,
                             base_error *error);
void data_cache_entries_free(data_cache_entry *entries, size_t count);

/* Whether every row of a cache has its checksum; the error names the first that has not. */
bool data_token_cache_verify(const char *folder, const char *key, const base_progress *progress,
                             base_error *error);

/* Removes a cache; an error when the folder has no such one, or when it has files in it that are
 * not a cache's, or when it is being made. */
bool data_token_cache_remove(const char *folder, const char *key, base_error *error);

#endif
