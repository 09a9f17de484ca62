/* A folder of token caches, looked after: what lies in it, whether it is whole, removed. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/lock.h"
#include "data/token_cache_def.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_kind(const char *folder, const char *name, mode_t kind) {
    base_error ignored = {0};
    struct stat s;
    char *path = base_path(folder, name, &ignored);
    bool is = path && lstat(path, &s) == 0 && (s.st_mode & S_IFMT) == kind;
    free(path);
    return is;
}

static bool is_ours(const char *name) {
    for (size_t i = 0; i < DATA_CACHE_FILES; i++)
        if (!strcmp(name, data_cache_names[i]))
            return true;
    return !strncmp(name, "head.json", 9) && (!name[9] || !strncmp(name + 9, ".part-", 6));
}

bool data_cache_is_ours(const char *folder) {
    struct stat s;
    DIR *d = lstat(folder, &s) == 0 && S_ISDIR(s.st_mode) ? opendir(folder) : NULL;
    bool ours = d != NULL;
    for (struct dirent *e; ours && (e = readdir(d));)
        ours = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
               (is_ours(e->d_name) && is_kind(folder, e->d_name, S_IFREG));
    if (d)
        closedir(d);
    return ours;
}

/* KEY, or KEY.part-PID and KEY.old-PID of a process that was killed. */
static bool is_key(const char *name, bool *whole) {
    size_t digits = strspn(name, "0123456789abcdef");
    const char *rest = name + digits;
    *whole = !*rest;
    bool left = !strncmp(rest, ".part-", 6) || !strncmp(rest, ".old-", 5);
    return digits == DATA_CACHE_KEY && (*whole || (left && !strpbrk(rest, "/")));
}

/* ---- what there is ---- */

static bool describe(const char *folder, data_cache_entry *entry, base_error *error) {
    data_cache_head head;
    base_error why = {0};
    struct stat s;
    entry->bytes = base_folder_bytes(folder, error);
    entry->used = stat(folder, &s) ? 0 : (double)s.st_mtim.tv_sec;
    if (!entry->whole || !data_cache_head_read(folder, &head, &why)) {
        base_escape(entry->why, sizeof entry->why, why.text, strlen(why.text));
        return base_ok(error);
    }
    char *path = base_path(folder, "head.json", error);
    if (path && !stat(path, &s))
        entry->used = (double)s.st_mtim.tv_sec;
    free(path);
    const char *name = data_corpus_name(head.corpus);
    entry->name = base_copy(name, strlen(name));
    entry->rows = data_corpus_all_rows(head.corpus);
    entry->ids = head.ids;
    data_cache_head_release(&head);
    return base_ok(error) && (entry->name || base_fail(error, BASE_FAILED, "out of memory"));
}

static bool add_entry(const char *folder, const char *key, bool whole, data_cache_entry *entry,
                      base_error *error) {
    *entry = (data_cache_entry){.key = base_copy(key, strlen(key)), .whole = whole};
    char *path = base_path(folder, key, error);
    bool ok = path && (entry->key ? describe(path, entry, error)
                                  : base_fail(error, BASE_FAILED, "out of memory"));
    free(path);
    return ok;
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const data_cache_entry *)a)->key, ((const data_cache_entry *)b)->key);
}

bool data_cache_entries_read(const char *folder, data_cache_entry **entries, size_t *count,
                             base_error *error) {
    size_t capacity = 0;
    *entries = NULL;
    *count = 0;
    DIR *d = opendir(folder);
    if (!d)
        return base_file_fail(folder, "open the folder", error);
    for (struct dirent *e; base_ok(error) && (e = readdir(d));) {
        bool whole;
        if (is_key(e->d_name, &whole) && is_kind(folder, e->d_name, S_IFDIR) &&
            base_grow(entries, &capacity, *count + 1, sizeof **entries, error))
            add_entry(folder, e->d_name, whole, &(*entries)[(*count)++], error);
    }
    closedir(d);
    if (*count)
        qsort(*entries, *count, sizeof **entries, by_key);
    if (base_ok(error))
        return true;
    data_cache_entries_free(*entries, *count);
    *entries = NULL;
    *count = 0;
    return false;
}

uint64_t data_cache_bytes(const char *folder, base_error *error) {
    uint64_t bytes = 0;
    bool whole;
    DIR *d = opendir(folder);
    for (struct dirent *e; d && base_ok(error) && (e = readdir(d));) {
        char *path = is_key(e->d_name, &whole) && is_kind(folder, e->d_name, S_IFDIR)
                         ? base_path(folder, e->d_name, error)
                         : NULL;
        bytes += path ? base_folder_bytes(path, error) : 0;
        free(path);
    }
    if (d)
        closedir(d);
    return bytes;
}

void data_cache_entries_free(data_cache_entry *entries, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(entries[i].key);
        free(entries[i].name);
    }
    free(entries);
}

/* ---- one of them ---- */

/* The path of a cache that is there. */
static char *find(const char *folder, const char *key, bool *whole, base_error *error) {
    char *path = is_key(key, whole) ? base_path(folder, key, error) : NULL;
    if (path && base_file_is_folder(path))
        return path;
    char shown[100];
    if (base_ok(error))
        base_fail(error, BASE_BAD_INPUT,
                  "%s: found no cache \"%s\" in it, expected one of those "
                  "that sbert cache lists",
                  folder, base_escape(shown, sizeof shown, key, strlen(key)));
    free(path);
    return NULL;
}

bool data_cache_verify(const char *path, const base_progress *progress, base_error *error) {
    enum { ROUND = 1 << 16 };
    data_cache_head head;
    if (!data_cache_head_read(path, &head, error))
        return false;
    data_token_store *s = data_cache_map(path, &head, error);
    size_t rows = s ? data_token_store_rows(s) : 0;
    bool ok = s != NULL;
    for (size_t i = 0; ok && i < rows; i++) {
        ok = data_token_store_check(s, &(uint32_t){(uint32_t)i}, 1, error) &&
             (i % ROUND || base_progress_report(progress, i, rows, error));
    }
    if (ok && s->start[s->positions] != s->id_count)
        ok = base_fail(error, BASE_BAD_INPUT, "%s: the last row ends at id %llu, expected %zu",
                       path, (unsigned long long)s->start[s->positions], s->id_count);
    data_token_store_free(s);
    data_cache_head_release(&head);
    return ok && base_progress_report(progress, rows, rows, error);
}

bool data_token_cache_verify(const char *folder, const char *key, const base_progress *progress,
                             base_error *error) {
    bool whole;
    char *path = find(folder, key, &whole, error);
    bool ok = path && data_cache_verify(path, progress, error);
    free(path);
    return ok;
}

static bool remove_locked(const char *path, const char *lock_path, base_error *error) {
    base_lock *lock = base_lock_take(lock_path, path, error);
    bool ok = lock && base_folder_remove(path, error);
    base_lock_release(lock);
    return ok;
}

bool data_token_cache_remove(const char *folder, const char *key, base_error *error) {
    bool whole;
    char *path = find(folder, key, &whole, error);
    if (!path)
        return false;
    char *lock = base_format("%s/%.*s.lock", folder, (int)DATA_CACHE_KEY, key);
    bool ok = lock || base_fail(error, BASE_FAILED, "out of memory");
    if (ok && !data_cache_is_ours(path))
        ok = base_fail(error, BASE_BAD_INPUT,
                       "%s: found files in it that are not a token cache's, expected none", path);
    ok = ok && remove_locked(path, lock, error);
    free(lock);
    free(path);
    return ok;
}
