#define _GNU_SOURCE
#include "data/token_cache.h"

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/output.h"
#include "data/token_cache_def.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- mapped ---- */

data_token_store *data_cache_map(const char *folder, data_cache_head *head, base_error *error) {
    data_token_store *s = base_alloc(1, sizeof *s, error);
    const data_corpus *c = head->corpus;
    bool ok = s != NULL;
    for (data_cache_file i = 0; ok && i < DATA_CACHE_FILES; i++)
        ok = base_mapping_open(&s->map[i], folder, data_cache_names[i],
                               data_cache_file_size(head, i), error);
    if (ok) {
        s->folder = base_copy(folder, strlen(folder));
        s->name = base_copy(data_corpus_name(c), strlen(data_corpus_name(c)));
        ok = (s->folder && s->name) || base_fail(error, BASE_FAILED, "out of memory");
    }
    if (!ok) {
        data_token_store_free(s);
        return NULL;
    }
    s->kind = data_corpus_kind(c);
    s->rows = data_corpus_all_rows(c);
    s->columns = data_corpus_columns(c);
    s->positions = s->rows * s->columns;
    s->slots = s->positions;
    s->ids = s->map[DATA_CACHE_IDS].data;
    s->id_count = head->ids;
    s->start = s->map[DATA_CACHE_STARTS].data;
    s->hash = s->map[DATA_CACHE_HASHES].data;
    s->label = s->kind == DATA_TARGET_CLASS ? s->map[DATA_CACHE_TARGETS].data : NULL;
    s->score = s->kind == DATA_TARGET_SCORE ? s->map[DATA_CACHE_TARGETS].data : NULL;
    s->line = s->map[DATA_CACHE_LINES].data;
    s->sum = s->map[DATA_CACHE_SUMS].data;
    data_corpus_range(c, &s->low, &s->high);
    s->truncated = head->truncated;
    s->longest = head->longest;
    s->longest_text = head->longest_text;
    s->of_length = head->of_length;
    s->to = head->to;
    s->labels = head->labels;
    head->of_length = NULL;
    head->to = NULL;
    return s;
}

/* The row as its checksum is made of it; false when its ids cannot lie in the file. */
static bool look_at(const data_token_store *s, size_t row, data_cache_row *out,
                    const uint32_t **ids) {
    const uint64_t *start = s->start + row * s->columns;
    *out = (data_cache_row){.target = s->label ? s->label[row] : 0, .line = s->line[row]};
    if (s->score)
        memcpy(&out->target, &s->score[row], sizeof out->target);
    for (size_t c = 0; c <= s->columns; c++) {
        out->start[c] = start[c];
        if (start[c] > s->id_count || (c && start[c] < start[c - 1]) ||
            (c && start[c] - start[c - 1] > s->longest_text))
            return false;
    }
    for (size_t c = 0; c < s->columns; c++) {
        out->hash[c] = s->hash[row * s->columns + c];
        ids[c] = s->ids + start[c];
    }
    return true;
}

bool data_token_store_check(const data_token_store *s, const uint32_t *rows, size_t count,
                            base_error *error) {
    for (size_t i = 0; s->sum && i < count; i++) {
        data_cache_row row;
        const uint32_t *ids[DATA_MAX_COLUMNS];
        if (!look_at(s, rows[i], &row, ids) ||
            data_cache_row_sum(&row, s->columns, ids) != s->sum[rows[i]])
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: row %zu has not the checksum that it was written with: the cache "
                             "is damaged; remove it (sbert cache), and it is made anew",
                             s->folder, (size_t)rows[i] + 1);
    }
    return true;
}

/* ---- used or made ---- */

/* Of one cache: where it is, and what it has to be. */
typedef struct place {
    const data_token_cache *cache;
    char *description, *key, *folder;
    cJSON *files;
    uint64_t others;
} place;

/* Why a cache that is there cannot be used: the sentence, BASE_BAD_INPUT. */
static bool fits(const place *p, const data_cache_head *head, base_error *error) {
    if (strcmp(head->of, p->description) != 0)
        return base_fail(error, BASE_BAD_INPUT, "%s: found the cache of another corpus", p->folder);
    return cJSON_Compare(head->files, p->files, true) ||
           base_fail(error, BASE_BAD_INPUT, "%s: the corpus was changed since",
                     data_corpus_name(head->corpus));
}

/* What the tokenizer and the prompts say, which no file does. */
static bool take_how(data_token_store *s, const data_tokenising *how, base_error *error) {
    s->skip = base_alloc(s->columns, sizeof *s->skip, error);
    s->tokenizer = how->pairs ? how->tokenizer : NULL;
    s->max_length = how->max_length;
    for (size_t c = 0; s->skip && how->prompt && c < s->columns; c++)
        s->skip[c] = how->prompt[c].skip;
    return s->skip != NULL;
}

static bool open_cache(const place *p, data_corpus **corpus, data_token_store **store,
                       base_error *error) {
    data_cache_head head;
    if (!data_cache_head_read(p->folder, &head, error))
        return false;
    data_token_store *s = fits(p, &head, error) ? data_cache_map(p->folder, &head, error) : NULL;
    if (s && take_how(s, p->cache->how, error)) {
        *corpus = head.corpus;
        *store = s;
        head.corpus = NULL;
    } else {
        data_token_store_free(s);
    }
    data_cache_head_release(&head);
    char *path = base_ok(error) ? base_path(p->folder, "head.json", error) : NULL;
    if (path)
        utimensat(AT_FDCWD, path, NULL, 0); /* when it was used */
    free(path);
    return base_ok(error);
}

static bool fill(const void *context, const char *folder, base_error *error) {
    const place *p = context;
    return data_cache_build(p->cache, p->description, p->files, p->others, folder, error) &&
           data_cache_verify(folder, p->cache->how->progress, error);
}

static bool fail_others(const char *folder, base_error *error) {
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: found files in it that are not a token cache's, expected none", folder);
}

/* Makes the cache while the lock is held. What lies in its place is of no use. */
static bool make(place *p, base_error *error) {
    const char *const names[] = {p->key, data_cache_checksums, NULL};
    if (base_file_exists(p->folder) && !data_cache_is_ours(p->folder))
        return fail_others(p->folder, error);
    if (!base_output_clean(p->cache->folder, names, error) || !base_folder_remove(p->folder, error))
        return false;
    p->others = data_cache_bytes(p->cache->folder, error);
    if (!base_ok(error) || !base_output_folder(p->folder, fill, p, error))
        return false;
    cJSON *now = data_cache_identify(p->cache, error);
    bool same = now && cJSON_Compare(now, p->files, true);
    cJSON_Delete(now);
    return same || (now && base_fail(error, BASE_BAD_INPUT,
                                     "%s: the corpus was written to while it was read, expected it "
                                     "to stay as it is",
                                     p->cache->paths[0]));
}

static bool open_or_make(place *p, data_corpus **corpus, data_token_store **store,
                         base_error *error) {
    base_error why = {0};
    if (open_cache(p, corpus, store, &why))
        return true;
    if (why.status == BASE_FAILED) /* the machine is at fault, not the cache */
        return base_fail(error, why.status, "%s", why.text);
    char *file = base_format("%s.lock", p->folder);
    base_lock *lock = file ? base_lock_take(file, p->folder, error) : NULL;
    free(file);
    if (!lock)
        return base_ok(error) && base_fail(error, BASE_FAILED, "out of memory");
    why = (base_error){0}; /* it may have been made meanwhile */
    bool there = open_cache(p, corpus, store, &why);
    if (!there && why.status != BASE_FAILED && base_file_exists(p->folder))
        base_log(BASE_LOG_WARNING, "%s: the cache is made anew", why.text);
    bool ok = there ||
              (why.status == BASE_FAILED ? base_fail(error, why.status, "%s", why.text)
                                         : make(p, error) && open_cache(p, corpus, store, error));
    base_lock_release(lock);
    return ok;
}

bool data_token_cache_get(const data_token_cache *cache, data_corpus **corpus,
                          data_token_store **store, base_error *error) {
    place p = {.cache = cache};
    bool ok = base_folder_make(cache->folder, error) &&
              (p.description = data_cache_describe(cache, error)) &&
              (p.key = data_cache_key(p.description, error)) &&
              (p.folder = base_path(cache->folder, p.key, error)) &&
              (p.files = data_cache_identify(cache, error)) &&
              open_or_make(&p, corpus, store, error);
    free(p.description);
    free(p.key);
    free(p.folder);
    cJSON_Delete(p.files);
    return ok;
}
