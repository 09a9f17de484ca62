/* A corpus of a test, and how it is cached (data/token_cache.h). */
#ifndef TESTS_CACHE_CASE_H
#define TESTS_CACHE_CASE_H

#include "data/token_cache.h"

typedef struct cache_case {
    data_tokenizer *tokenizer; /* the test frees it */
    data_reader_options reader;
    data_tokenising how;
    const char *path[2];
    data_token_cache cache;
} cache_case;

/* Two files of labelled and scored pairs in the test's folder, of which the targets of this kind
 * are read, to be cached in its folder "cache". */
void cache_case_set(cache_case *s, data_target_kind kind);

/* Writes `rows` such pairs, some without a label, some with an empty text or bad UTF-8; the path.
 */
const char *cache_case_rows(const char *name, size_t rows, const char *const *labels);

/* What the log said. */
typedef struct cache_case_log {
    char text[4000];
} cache_case_log;

/* Gets the cache; cache_case_look lets it go as well. Fail the test on errors. */
cache_case_log cache_case_get(const cache_case *s, data_corpus **corpus, data_token_store **store);
cache_case_log cache_case_look(const cache_case *s);

/* Expects an error with this part. */
void cache_case_refuse(const cache_case *s, const char *part);

/* The name of the only cache there is, to be given to free(); the path of a file in it. */
char *cache_case_key(void);
const char *cache_case_file(const char *key, const char *name);

#endif
