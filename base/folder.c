#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    while (stat(there, &s) && (errno == ENOENT || errno == ENOTDIR) && strcmp(there, "/") &&
           strcmp(there, "."))
        to_parent(there);
    bool ok = can_write_into(there, error);
    free(there);
    return ok;
}

typedef bool entry_action(const char *path, base_error *error);

static bool each_entry(const char *folder, entry_action *action, base_error *error) {
    DIR *d = opendir(folder);
    if (!d)
        return base_file_fail(folder, "open the folder", error);
    bool ok = true;
    for (struct dirent *e; ok && (e = readdir(d));) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        char *path = base_path(folder, e->d_name, error);
        ok = path && action(path, error);
        free(path);
    }
    closedir(d);
    return ok;
}

bool base_folder_remove(const char *path, base_error *error) {
    struct stat s;
    if (lstat(path, &s))
        return errno == ENOENT || base_file_fail(path, "remove", error);
    if (S_ISDIR(s.st_mode)) {
        if (!each_entry(path, base_folder_remove, error))
            return false;
        return rmdir(path) == 0 || base_file_fail(path, "remove", error);
    }
    return unlink(path) == 0 || base_file_fail(path, "remove", error);
}

static bool sync_tree(const char *path, base_error *error) {
    if (base_file_is_folder(path) && !each_entry(path, sync_tree, error))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return base_file_fail(path, "sync", error);
    bool ok = fsync(fd) == 0 || errno == EINVAL || base_file_fail(path, "sync", error);
    close(fd);
    return ok;
}

static char *without_slashes(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    return base_copy(path, n);
}

static bool make_parent(const char *path, base_error *error) {
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return true;
    char *parent = base_copy(path, (size_t)(slash - path));
    bool ok =
        parent ? base_folder_make(parent, error) : base_fail(error, BASE_FAILED, "out of memory");
    free(parent);
    return ok;
}

char *base_folder_begin(const char *path, base_error *error) {
    char *plain = without_slashes(path);
    char *staging = plain ? base_format("%s.part-%ld", plain, (long)getpid()) : NULL;
    bool ok =
        staging ? make_parent(plain, error) && base_folder_remove(staging, error) &&
                      (mkdir(staging, 0777) == 0 || base_file_fail(plain, "make the folder", error))
                : base_fail(error, BASE_FAILED, "out of memory");
    free(plain);
    if (ok)
        return staging;
    free(staging);
    return NULL;
}

static bool sync_parent(const char *path, base_error *error) {
    char *parent = base_path(path, "..", error);
    int fd = parent ? open(parent, O_RDONLY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (parent && !ok)
        base_file_fail(parent, "sync", error);
    if (fd >= 0)
        close(fd);
    free(parent);
    return ok;
}

/* Both folders exist at every moment where the file system can exchange two names. */
static bool exchange(const char *a, const char *b) {
#ifdef RENAME_EXCHANGE
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0;
#else
    (void)a, (void)b;
    return false;
#endif
}

static bool swap_in(const char *staging, const char *path, const char *old, base_error *error) {
    if (exchange(staging, path))
        return sync_parent(path, error) && base_folder_remove(staging, error);
    if (!base_folder_remove(old, error))
        return false;
    bool moved = rename(path, old) == 0;
    if (!moved && errno != ENOENT)
        return base_file_fail(path, "replace", error);
    if (rename(staging, path)) {
        base_file_fail(path, "write", error);
        if (moved && rename(old, path))
            base_fail_prefix(error, "%s keeps what was there", old);
        return false;
    }
    return sync_parent(path, error) && base_folder_remove(old, error);
}

bool base_folder_commit(const char *staging, const char *path, base_error *error) {
    char *plain = without_slashes(path);
    char *old = plain ? base_format("%s.old-%ld", plain, (long)getpid()) : NULL;
    bool ok = old ? sync_tree(staging, error) && swap_in(staging, plain, old, error)
                  : base_fail(error, BASE_FAILED, "out of memory");
    free(old);
    free(plain);
    return ok;
}
