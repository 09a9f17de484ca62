#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static bool make_one(const char *path, base_error *error) {
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && base_file_is_folder(path)))
        return true;
    return base_file_fail(path, "make the folder", error);
}

bool base_folder_make(const char *path, base_error *error) {
    char *part = base_copy(path, strlen(path));
    if (!part)
        return base_fail(error, BASE_FAILED, "out of memory");
    bool ok = true;
    for (char *at = part + 1; ok && part[0] && *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        ok = make_one(part, error);
        *at = '/';
    }
    ok = ok && make_one(part, error);
    free(part);
    return ok;
}

uint64_t base_folder_space(const char *folder) {
    struct statvfs s;
    if (statvfs(folder, &s) || s.f_blocks == 0)
        return UINT64_MAX;
    return (uint64_t)s.f_bavail * s.f_frsize;
}

uint64_t base_folder_bytes(const char *path, base_error *error) {
    struct stat s;
    if (lstat(path, &s))
        return 0;
    DIR *d = S_ISDIR(s.st_mode) ? opendir(path) : NULL;
    if (!d)
        return (uint64_t)s.st_size;
    uint64_t bytes = 0;
    for (struct dirent *e; (e = readdir(d));) {
        bool entry = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
        char *inside = entry ? base_path(path, e->d_name, error) : NULL;
        bytes += inside ? base_folder_bytes(inside, error) : 0;
        free(inside);
    }
    closedir(d);
    return bytes;
}

/* Cuts a path to its parent; "." and "/" stay. */
static void to_parent(char *path) {
    char *slash = strrchr(path, '/');
    if (slash && slash != path)
        *slash = '\0';
    else
        strcpy(path, slash ? "/" : ".");
}

static bool can_write_into(const char *folder, base_error *error) {
    struct stat s;
    if (stat(folder, &s) == 0 && !S_ISDIR(s.st_mode))
        errno = ENOTDIR;
    else if (access(folder, W_OK | X_OK) == 0)
        return true;
    return base_file_fail(folder, "write into it", error);
}

bool base_folder_can_make(const char *path, base_error *error) {
    char *there = base_format("%s", *path ? path : ".");
    struct stat s;
    if (!there)
        return base_fail(error, BASE_FAILED, "out of memory");
    while (lstat(there, &s) && (errno == ENOENT || errno == ENOTDIR) && strcmp(there, "/") &&
           strcmp(there, "."))
        to_parent(there);
    bool ok = can_write_into(there, error);
    free(there);
    return ok;
}

bool base_folder_each(const char *folder, base_folder_visit *visit, base_error *error) {
    DIR *d = opendir(folder);
    if (!d)
        return base_file_fail(folder, "open the folder", error);
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        char *path = base_path(folder, e->d_name, error);
        ok = path && visit(path, error);
        free(path);
    }
    closedir(d);
    return ok;
}

static bool add_file(const char *from, const char *to, base_error *error) {
    base_bytes bytes = {0};
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) == 0)
        return true;
    if (!base_file_is_regular(from))
        return base_file_fail(from, "link", error);
    bool ok =
        base_file_read(from, &bytes, error) && base_file_write(to, bytes.data, bytes.size, error);
    base_bytes_free(&bytes);
    return ok;
}

static bool add_entry(const char *from, const char *to, base_error *error) {
    struct stat old, new;
    bool there = lstat(to, &new) == 0;
    if (lstat(from, &old))
        return base_file_fail(from, "open", error);
    if (!S_ISDIR(old.st_mode))
        return there || add_file(from, to, error);
    return (there && !S_ISDIR(new.st_mode)) ||
           (base_folder_make(to, error) && base_folder_add_missing(from, to, NULL, error));
}

bool base_folder_add_missing(const char *from, const char *to, base_folder_skip *skip,
                             base_error *error) {
    DIR *d = opendir(from);
    if (!d)
        return errno == ENOENT || base_file_fail(from, "open the folder", error);
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        char *old = base_path(from, e->d_name, error), *new = base_path(to, e->d_name, error);
        ok = old && new &&
             ((skip && !base_file_exists(new) && skip(from, e->d_name)) ||
              add_entry(old, new, error));
        free(old);
        free(new);
    }
    closedir(d);
    return ok;
}

bool base_folder_remove(const char *path, base_error *error) {
    struct stat s;
    if (lstat(path, &s))
        return errno == ENOENT || base_file_fail(path, "remove", error);
    if (S_ISDIR(s.st_mode)) {
        if (!base_folder_each(path, base_folder_remove, error))
            return false;
        return rmdir(path) == 0 || base_file_fail(path, "remove", error);
    }
    return unlink(path) == 0 || base_file_fail(path, "remove", error);
}
