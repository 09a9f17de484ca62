/* What a token cache is on the disk, for the files data/token_cache*.c.
 *
 *     ids      u32 [ids]           token ids, position after position (row * columns + column)
 *     starts   u64 [positions + 1] where a position's ids begin
 *     hashes   u64 [positions]     hash of its text
 *     targets  u32 or f64 [rows]   label as it was found, or score as in the file; or nothing
 *     lines    u64 [rows]          line of the file
 *     sums     u32 [rows]          crc32 of all of that of the row (data_cache_row_sum)
 *     head.json
 */
#ifndef DATA_TOKEN_CACHE_DEF_H
#define DATA_TOKEN_CACHE_DEF_H

#include "base/json.h"
#include "base/mapping.h"
#include "data/token_cache.h"
#include "data/token_store_def.h"

enum { DATA_CACHE_VERSION = 1, DATA_CACHE_KEY = 16 };

/* The arrays, in the order above. */
typedef enum data_cache_file {
    DATA_CACHE_IDS,
    DATA_CACHE_STARTS,
    DATA_CACHE_HASHES,
    DATA_CACHE_TARGETS,
    DATA_CACHE_LINES,
    DATA_CACHE_SUMS,
    DATA_CACHE_FILES
} data_cache_file;
extern const char *const data_cache_names[DATA_CACHE_FILES];

/* The name of data_token_cache_memory's file. */
extern const char data_cache_checksums[];

/* head.json. */
typedef struct data_cache_head {
    char *of;            /* what it is the cache of, as data_cache_describe says */
    cJSON *files;        /* [{"path", "size", "crc32"}] of the corpus */
    data_corpus *corpus; /* all but its rows (data_corpus_forget) */
    size_t ids, truncated, longest;
    size_t longest_text; /* ids; of pairs `longest` is that of a pair */
    size_t *of_length;   /* [longest + 1] */
    uint32_t *to;        /* [labels] the label of one as it stands in `targets` */
    size_t labels;
} data_cache_head;

/* Writes folder/head.json; reads it, and refuses what no cache has. */
bool data_cache_head_write(const char *folder, const data_cache_head *head, base_error *error);
bool data_cache_head_read(const char *folder, data_cache_head *head, base_error *error);
void data_cache_head_release(data_cache_head *head);

/* Bytes of a file of a cache that has this head. */
uint64_t data_cache_file_size(const data_cache_head *head, data_cache_file file);

/* All that decides the content but the bytes of the corpus's files, a line each, and their names;
 * and the name of such a cache. Free both. */
char *data_cache_describe(const data_token_cache *cache, base_error *error);
char *data_cache_key(const char *description, base_error *error);

/* The identity of the corpus's files, as in the head; cJSON_Delete. */
cJSON *data_cache_identify(const data_token_cache *cache, base_error *error);

/* What a row's checksum is of, beside the ids. */
typedef struct data_cache_row {
    uint64_t start[DATA_MAX_COLUMNS + 1], hash[DATA_MAX_COLUMNS], target, line;
} data_cache_row;
uint32_t data_cache_row_sum(const data_cache_row *row, size_t columns, const uint32_t *const *ids);

/* Writes the arrays and head.json of the corpus into a folder that is empty. `others`: bytes of the
 * other caches. */
bool data_cache_build(const data_token_cache *cache, const char *description, const cJSON *files,
                      uint64_t others, const char *folder, base_error *error);

/* A store over the files of a cache. What it takes from the head is no longer in it. */
data_token_store *data_cache_map(const char *folder, data_cache_head *head, base_error *error);

/* Whether every row has its checksum; `progress` is of rows. */
bool data_cache_verify(const char *folder, const base_progress *progress, base_error *error);

/* Bytes of all caches in a folder. */
uint64_t data_cache_bytes(const char *folder, base_error *error);

/* Whether it is a folder, no link, and nothing lies in it but plain files of a cache. */
bool data_cache_is_ours(const char *folder);

#endif
