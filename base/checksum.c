#define _GNU_SOURCE
#include "base/checksum.h"

#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STAMP = 160 };

static const char magic[] = "checksums of corpora, by sbert";

/* What tells that a file may be another one, as a text. */
static bool stamp_of(const char *path, char out[STAMP], uint64_t *size, base_error *error) {
    struct stat s;
    if (stat(path, &s))
        return base_file_fail(path, "open", error);
    *size = (uint64_t)s.st_size;
    snprintf(out, STAMP, "%lld %llu %lld.%09ld %lld.%09ld", (long long)s.st_size,
             (unsigned long long)s.st_ino, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
             (long long)s.st_ctim.tv_sec, s.st_ctim.tv_nsec);
    return true;
}

static bool look_up(const cJSON *known, const char *name, const char *stamp, uint32_t *crc) {
    base_error ignored = {0};
    const cJSON *item = base_json_get(known, name);
    const char *then = NULL;
    size_t sum = SIZE_MAX;
    bool found = cJSON_IsObject(item) && base_json_text(item, "stamp", &then, "", &ignored) &&
                 base_json_size(item, "crc32", 0, UINT32_MAX, &sum, "", &ignored) && then &&
                 !strcmp(then, stamp) && sum != SIZE_MAX;
    *crc = found ? (uint32_t)sum : 0;
    return found;
}

/* An error of the machine counts; a memory that may not be written does not. */
static bool passes(const base_error *found, base_error *error) {
    return found->status != BASE_FAILED || base_fail(error, found->status, "%s", found->text);
}

static bool note(cJSON *known, const char *memory, const char *name, const char *stamp,
                 uint32_t crc, base_error *error) {
    base_error found = {0};
    cJSON *item = cJSON_CreateObject();
    bool whole = item && cJSON_AddStringToObject(item, "stamp", stamp) &&
                 cJSON_AddNumberToObject(item, "crc32", crc);
    cJSON_DeleteItemFromObjectCaseSensitive(known, name);
    bool added = whole && cJSON_AddItemToObject(known, name, item);
    if (!added)
        cJSON_Delete(item);
    char *text = added ? base_json_print(known) : NULL;
    if (text)
        base_file_write(memory, text, strlen(text), &found);
    else
        base_fail(&found, BASE_FAILED, "out of memory");
    free(text);
    return passes(&found, error);
}

static bool make(const char *path, const char *name, cJSON *known, const char *memory,
                 uint64_t *size, uint32_t *crc, base_error *error) {
    char before[STAMP], after[STAMP];
    if (!stamp_of(path, before, size, error))
        return false;
    if (look_up(known, name, before, crc))
        return true;
    if (!base_file_crc32(path, crc, error) || !stamp_of(path, after, size, error))
        return false;
    if (strcmp(before, after) != 0)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the file was written to while it was read, expected it to stay as it "
                         "is",
                         path);
    return !memory || note(known, memory, name, before, *crc, error);
}

/* What is remembered: {"is": magic, PATH: {...}, ...}; NULL: an error. */
static cJSON *recall(const char *memory, base_error *error) {
    cJSON *known = NULL;
    if (!memory || !base_file_exists(memory)) {
        known = cJSON_CreateObject();
        if (known && cJSON_AddStringToObject(known, "is", magic))
            return known;
        base_fail(error, BASE_FAILED, "out of memory");
    } else if (base_file_is_regular(memory)) {
        base_error found = {0};
        known = base_json_file(memory, &found);
        const char *is = cJSON_GetStringValue(base_json_get(known, "is"));
        if (cJSON_IsObject(known) && is && !strcmp(is, magic))
            return known;
        if (found.status == BASE_FAILED)
            base_fail(error, BASE_FAILED, "%s", found.text);
    }
    cJSON_Delete(known);
    base_fail(error, BASE_BAD_INPUT,
              "%s: found a file that is not of sbert's checksums, or is damaged, expected none",
              memory);
    return NULL;
}

bool base_checksum(const char *path, const char *memory, uint64_t *size, uint32_t *crc,
                   base_error *error) {
    char *real = realpath(path, NULL);
    cJSON *known = recall(memory, error);
    bool ok = known && make(path, real ? real : path, known, memory, size, crc, error);
    cJSON_Delete(known);
    free(real);
    return ok;
}
