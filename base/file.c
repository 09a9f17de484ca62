#define _DEFAULT_SOURCE
#include "base/file.h"

#include "base/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static base_status status_of(int number) {
    return number == ENOSPC || number == EDQUOT || number == EIO || number == ENOMEM ||
                   number == EMFILE || number == ENFILE || number == EFBIG || number == EPIPE
               ? BASE_FAILED
               : BASE_BAD_INPUT;
}

bool base_file_fail(const char *path, const char *verb, base_error *error) {
    char shown[512];
    return base_fail(error, status_of(errno), "%s: cannot %s: %s",
                     base_escape(shown, sizeof shown, path, strlen(path)), verb, strerror(errno));
}

char *base_path(const char *folder, const char *name, base_error *error) {
    size_t n = strlen(folder);
    char *path = base_format("%s%s%s", folder, n && folder[n - 1] == '/' ? "" : "/", name);
    if (!path)
        base_fail(error, BASE_FAILED, "out of memory");
    return path;
}

bool base_path_is_in(const char *path, const char *folder) {
    char *below = path ? realpath(path, NULL) : NULL, *above = realpath(folder, NULL);
    size_t n = above ? strlen(above) : 0;
    bool in = below && above && strncmp(below, above, n) == 0 &&
              (below[n] == '/' || below[n] == '\0' || n == 1);
    free(below);
    free(above);
    return in;
}

static bool read_all(FILE *f, const char *path, base_bytes *out, base_error *error) {
    char buffer[1 << 16];
    size_t n;
    if (!base_bytes_add(out, "", 0, error))
        return false;
    while ((n = fread(buffer, 1, sizeof buffer, f)) > 0)
        if (!base_bytes_add(out, buffer, n, error))
            return false;
    return ferror(f) ? base_file_fail(path, "read", error) : true;
}

bool base_file_read_given(const char *path, base_bytes *out, base_error *error) {
    if (base_file_is_folder(path)) {
        errno = EISDIR;
        return base_file_fail(path, "read", error);
    }
    FILE *f = fopen(path, "rb");
    if (!f)
        return base_file_fail(path, "open", error);
    bool ok = read_all(f, path, out, error);
    fclose(f);
    return ok;
}

bool base_file_read(const char *path, base_bytes *out, base_error *error) {
    char shown[512];
    if (base_file_exists(path) && !base_file_is_folder(path) && !base_file_is_regular(path))
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: cannot read: it is a pipe or a device, expected a file",
                         base_escape(shown, sizeof shown, path, strlen(path)));
    return base_file_read_given(path, out, error);
}

bool base_file_write(const char *path, const void *data, size_t size, base_error *error) {
    base_output *o = base_output_open(path, error);
    if (!o)
        return false;
    if (fwrite(data, 1, size, base_output_stream(o)) == size)
        return base_output_commit(o, error);
    base_output_fail(o, error);
    base_output_abandon(o);
    return false;
}

bool base_file_write_in(const char *folder, const char *name, const void *data, size_t size,
                        base_error *error) {
    char *path = base_path(folder, name, error);
    bool ok = path && base_file_write(path, data, size, error);
    free(path);
    return ok;
}

bool base_file_exists(const char *path) {
    struct stat s;
    return stat(path, &s) == 0;
}

bool base_file_exists_in(const char *folder, const char *name, base_error *error) {
    char *path = base_path(folder, name, error);
    bool found = path && base_file_exists(path);
    free(path);
    return found;
}

bool base_file_is_regular(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

bool base_file_is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool base_file_size(const char *path, uint64_t *size, base_error *error) {
    struct stat s;
    if (stat(path, &s))
        return base_file_fail(path, "open", error);
    *size = (uint64_t)s.st_size;
    return true;
}

bool base_file_crc32(const char *path, uint32_t *crc, base_error *error) {
    unsigned char buffer[1 << 16];
    FILE *f = fopen(path, "rb");
    if (!f)
        return base_file_fail(path, "open", error);
    uLong sum = crc32(0, NULL, 0);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;)
        sum = crc32(sum, buffer, (uInt)n);
    bool ok = !ferror(f) || base_file_fail(path, "read", error);
    fclose(f);
    *crc = (uint32_t)sum;
    return ok;
}
