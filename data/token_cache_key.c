/* What a token cache is the cache of. */
#define _GNU_SOURCE
#include "base/checksum.h"
#include "base/file.h"
#include "base/hash.h"
#include "data/token_cache_def.h"

#include <stdlib.h>
#include <string.h>

static bool add_text(base_bytes *out, const char *name, const char *text, size_t size,
                     base_error *error) {
    return base_bytes_format(out, error, "%s: ", name) &&
           base_bytes_escape(out, text, size, error) && base_bytes_add(out, "\n", 1, error);
}

static bool add_string(base_bytes *out, const char *name, const char *text, base_error *error) {
    return add_text(out, name, text ? text : "(none)", text ? strlen(text) : 6, error);
}

static bool add_reader(base_bytes *out, const data_reader_options *o, base_error *error) {
    bool ok =
        base_bytes_format(out, error, "kind: %d\nheader: %d\nfind labels: %d\n", (int)o->kind,
                          !o->no_header, o->find_labels) &&
        base_bytes_format(out, error, "scores: %.17g to %.17g\n", o->score_low, o->score_high) &&
        add_string(out, "format", o->format, error) &&
        add_string(out, "target", o->target, error) &&
        add_string(out, "skip", o->skip_label, error);
    for (size_t i = 0; ok && i < o->columns; i++)
        ok = add_string(out, "column", o->column[i], error);
    for (size_t i = 0; ok && i < o->labels; i++)
        ok = base_bytes_format(out, error, "%u ", (unsigned)o->label_value[i]) &&
             add_string(out, "label", o->label_name[i], error);
    return ok;
}

static bool add_tokenising(base_bytes *out, const data_tokenising *how, size_t columns,
                           base_error *error) {
    uint64_t hash;
    bool ok = data_tokenizer_hash(how->tokenizer, &hash, error) &&
              base_bytes_format(out, error, "tokenizer: %s %016llx\nlength: %zu\npairs: %d\n",
                                data_tokenizer_kind(how->tokenizer), (unsigned long long)hash,
                                how->max_length, how->pairs);
    for (size_t c = 0; ok && how->prompt && c < columns; c++)
        ok = add_text(out, "prompt", how->prompt[c].text ? how->prompt[c].text : "",
                      how->prompt[c].size, error);
    return ok;
}

char *data_cache_describe(const data_token_cache *cache, base_error *error) {
    base_bytes out = {0};
    bool ok = base_bytes_format(&out, error, "version: %d\n", DATA_CACHE_VERSION) &&
              add_tokenising(&out, cache->how, cache->reader->columns, error) &&
              add_reader(&out, cache->reader, error);
    for (size_t i = 0; ok && i < cache->count; i++) {
        char *real = realpath(cache->paths[i], NULL);
        ok = add_string(&out, "file", real ? real : cache->paths[i], error);
        free(real);
    }
    if (ok)
        return out.data;
    base_bytes_free(&out);
    return NULL;
}

char *data_cache_key(const char *description, base_error *error) {
    char *key = base_format("%016llx",
                            (unsigned long long)base_hash_bytes(description, strlen(description)));
    if (!key)
        base_fail(error, BASE_FAILED, "out of memory");
    return key;
}

const char data_cache_checksums[] = "checksums.json";

char *data_token_cache_memory(const char *folder, base_error *error) {
    return base_path(folder, data_cache_checksums, error);
}

cJSON *data_cache_identify(const data_token_cache *cache, base_error *error) {
    char *memory = data_token_cache_memory(cache->folder, error);
    cJSON *files = cJSON_CreateArray();
    bool ok = memory && (files || base_fail(error, BASE_FAILED, "out of memory"));
    for (size_t i = 0; ok && i < cache->count; i++) {
        uint64_t size;
        uint32_t crc;
        char *real = realpath(cache->paths[i], NULL);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddItemToArray(files, item);
        ok = base_checksum(cache->paths[i], memory, &size, &crc, error) &&
             ((cJSON_AddStringToObject(item, "path", real ? real : cache->paths[i]) &&
               cJSON_AddNumberToObject(item, "size", (double)size) &&
               cJSON_AddNumberToObject(item, "crc32", crc)) ||
              base_fail(error, BASE_FAILED, "out of memory"));
        free(real);
    }
    free(memory);
    if (ok)
        return files;
    cJSON_Delete(files);
    return NULL;
}
