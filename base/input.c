#define _POSIX_C_SOURCE 200809L
#include "base/input.h"

#include "base/file.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PART = 1 << 16 };

static const char name[] = "standard input";

bool base_is_pattern(const char *path) {
    return strpbrk(path, "*?[") && !base_file_exists(path);
}

static int by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool fail_match(const char *pattern, int code, base_error *error) {
    char shown[512];
    base_escape(shown, sizeof shown, pattern, strlen(pattern));
    if (code == GLOB_NOMATCH)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found no file that this pattern matches, expected one or more",
                         shown);
    if (code == GLOB_NOSPACE)
        return base_fail(error, BASE_FAILED, "out of memory");
    return base_file_fail(pattern, "read a folder on the way", error);
}

static bool copy_paths(const glob_t *found, base_paths *out, base_error *error) {
    out->path = base_alloc(found->gl_pathc, sizeof *out->path, error);
    while (out->path && out->count < found->gl_pathc) {
        const char *path = found->gl_pathv[out->count];
        out->path[out->count] = base_copy(path, strlen(path));
        if (!out->path[out->count++])
            return base_fail(error, BASE_FAILED, "out of memory");
    }
    return out->path != NULL;
}

bool base_paths_match(const char *pattern, base_paths *out, base_error *error) {
    glob_t found = {0};
    int code = glob(pattern, GLOB_ERR | GLOB_NOSORT, NULL, &found);
    *out = (base_paths){0};
    bool ok = code == 0 ? copy_paths(&found, out, error) : fail_match(pattern, code, error);
    globfree(&found);
    if (ok)
        qsort(out->path, out->count, sizeof *out->path, by_bytes);
    else
        base_paths_free(out);
    return ok;
}

void base_paths_free(base_paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        free(paths->path[i]);
    free(paths->path);
    *paths = (base_paths){0};
}

/* Bytes read at an offset, or from where the file is (-1); 0 at the end. */
static bool read_part(off_t offset, unsigned char *part, size_t *got, base_error *error) {
    ssize_t n;
    do
        n = offset < 0 ? read(STDIN_FILENO, part, PART) : pread(STDIN_FILENO, part, PART, offset);
    while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n >= 0 || base_file_fail(name, "read", error);
}

static bool copy_to(FILE *file, base_error *error) {
    unsigned char part[PART];
    size_t got;
    do {
        if (!read_part(-1, part, &got, error))
            return false;
        if (fwrite(part, 1, got, file) != got)
            return base_file_fail(name, "copy to a temporary file", error);
    } while (got > 0);
    return (fflush(file) == 0 && fseek(file, 0, SEEK_SET) == 0 &&
            dup2(fileno(file), STDIN_FILENO) == STDIN_FILENO) ||
           base_file_fail(name, "copy to a temporary file", error);
}

bool base_input_keep(base_error *error) {
    struct stat what;
    if (fstat(STDIN_FILENO, &what) != 0)
        return base_file_fail(name, "read", error);
    if (S_ISREG(what.st_mode))
        return true;
    FILE *file = tmpfile();
    bool ok = file ? copy_to(file, error) : base_file_fail(name, "copy to a temporary file", error);
    if (file)
        fclose(file);
    return ok;
}

bool base_input_identity(uint64_t *size, uint32_t *crc, base_error *error) {
    unsigned char part[PART];
    off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR), at = begin;
    uLong sum = crc32(0, NULL, 0);
    size_t got;
    if (begin < 0)
        return base_file_fail(name, "read", error);
    do {
        if (!read_part(at, part, &got, error))
            return false;
        sum = crc32(sum, part, (uInt)got);
        at += (off_t)got;
    } while (got > 0);
    *size = (uint64_t)(at - begin);
    *crc = (uint32_t)sum;
    return true;
}
