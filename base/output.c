#define _GNU_SOURCE
#include "base/output.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool out_of_memory(base_error *error) {
    return base_fail(error, BASE_FAILED, "out of memory");
}

/* The first n bytes of the path; a link there is followed. */
static char *place_of(const char *path, size_t n, base_error *error) {
    char *plain = base_copy(path, n), *real = plain ? realpath(plain, NULL) : NULL;
    struct stat s;
    if (!plain)
        out_of_memory(error);
    if (!real || lstat(plain, &s) || !S_ISLNK(s.st_mode)) {
        free(real);
        return plain;
    }
    free(plain);
    return real;
}

static bool sync_path(const char *path, const char *asked, base_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (!ok)
        base_file_fail(asked, "sync", error);
    if (fd >= 0)
        close(fd);
    return ok;
}

static char *parent_of(const char *path, base_error *error) {
    const char *slash = strrchr(path, '/');
    char *parent =
        slash ? base_copy(path, slash == path ? 1 : (size_t)(slash - path)) : base_copy(".", 1);
    if (!parent)
        out_of_memory(error);
    return parent;
}

bool base_output_sync_parent(const char *path, base_error *error) {
    char *parent = parent_of(path, error);
    bool ok = parent && sync_path(parent, parent, error);
    free(parent);
    return ok;
}

/* ---- files ---- */

char *base_output_place(const char *path, base_error *error) {
    return place_of(path, strlen(path), error);
}

struct base_output {
    char *path, *place, *beside; /* as asked; where it goes; where it is written, NULL: there */
    FILE *stream;
};

static void release(base_output *o) {
    if (o->stream)
        fclose(o->stream);
    free(o->path);
    free(o->place);
    free(o->beside);
    free(o);
}

static bool open_stream(base_output *o, base_error *error) {
    o->place = base_output_place(o->path, error);
    if (!o->place)
        return false;
    bool itself = base_file_exists(o->place) && !base_file_is_regular(o->place) &&
                  !base_file_is_folder(o->place);
    if (!itself && !(o->beside = base_format("%s.part-%ld", o->place, (long)getpid())))
        return out_of_memory(error);
    o->stream = fopen(itself ? o->place : o->beside, "wb");
    return o->stream || base_file_fail(o->path, "create", error);
}

base_output *base_output_open(const char *path, base_error *error) {
    base_output *o = base_alloc(1, sizeof *o, error);
    if (!o)
        return NULL;
    o->path = base_copy(path, strlen(path));
    if (o->path ? open_stream(o, error) : out_of_memory(error))
        return o;
    release(o);
    return NULL;
}

FILE *base_output_stream(base_output *o) {
    return o->stream;
}

bool base_output_fail(const base_output *o, base_error *error) {
    return base_file_fail(o->path, "write", error);
}

bool base_output_commit(base_output *o, base_error *error) {
    bool ok = !ferror(o->stream) && fflush(o->stream) == 0 &&
              (fsync(fileno(o->stream)) == 0 || errno == EINVAL); /* a pipe has no disk */
    int number = errno;
    ok = fclose(o->stream) == 0 && ok;
    o->stream = NULL;
    if (ok && o->beside && rename(o->beside, o->place)) {
        ok = false;
        number = errno;
    }
    errno = number;
    if (!ok) {
        base_output_fail(o, error);
        base_output_abandon(o);
        return false;
    }
    ok = !o->beside || base_output_sync_parent(o->place, error);
    release(o);
    return ok;
}

void base_output_abandon(base_output *o) {
    if (!o)
        return;
    if (o->beside)
        unlink(o->beside);
    release(o);
}

/* ---- folders ---- */

static bool sync_tree(const char *path, base_error *error) {
    struct stat s;
    if (lstat(path, &s) || S_ISDIR(s.st_mode))
        return base_folder_each(path, sync_tree, error) && sync_path(path, path, error);
    /* links, pipes and what cannot be read were put there by somebody else */
    return !S_ISREG(s.st_mode) || access(path, R_OK) != 0 || sync_path(path, path, error);
}

static bool exchange(const char *a, const char *b) {
#ifdef RENAME_EXCHANGE
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0;
#else
    (void)a, (void)b;
    return false;
#endif
}

/* Puts `beside` at `place`; what was there is moved to `old` and removed. */
static bool swap_in(const char *beside, const char *place, const char *old, base_error *error) {
    if (exchange(beside, place))
        return base_output_sync_parent(place, error) && base_folder_remove(beside, error);
    if (!base_folder_remove(old, error))
        return false;
    bool moved = rename(place, old) == 0;
    if (!moved && errno != ENOENT)
        return base_file_fail(place, "replace", error);
    if (rename(beside, place)) {
        base_file_fail(place, "write", error);
        if (moved && rename(old, place))
            base_fail_prefix(error, "%s keeps what was there", old);
        return false;
    }
    return base_output_sync_parent(place, error) && base_folder_remove(old, error);
}

static bool begin_folder(const char *place, const char *beside, base_error *error) {
    char *parent = parent_of(place, error);
    bool ok = parent && base_folder_make(parent, error) && base_folder_remove(beside, error) &&
              (mkdir(beside, 0777) == 0 || base_file_fail(place, "make the folder", error));
    free(parent);
    return ok;
}

static bool leads_nowhere(const char *path) {
    struct stat s;
    return stat(path, &s) != 0 && lstat(path, &s) == 0 && S_ISLNK(s.st_mode);
}

static bool fail_link(const char *path, const char *expected, base_error *error) {
    char shown[512];
    return base_fail(error, BASE_BAD_INPUT, "%s: found a link that leads nowhere, expected a %s",
                     base_escape(shown, sizeof shown, path, strlen(path)), expected);
}

bool base_output_folder(const char *path, base_output_fill *fill, const void *context,
                        base_error *error) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *place = place_of(path, n, error);
    char *beside = place ? base_format("%s.part-%ld", place, (long)getpid()) : NULL;
    char *old = place ? base_format("%s.old-%ld", place, (long)getpid()) : NULL;
    bool ok = beside && old ? !leads_nowhere(place) || fail_link(path, "folder", error)
                            : out_of_memory(error);
    ok = ok && begin_folder(place, beside, error);
    if (ok)
        ok = fill(context, beside, error) && sync_tree(beside, error) &&
             swap_in(beside, place, old, error);
    if (!ok && beside) {
        base_error ignored = {0};
        base_folder_remove(beside, &ignored);
    }
    free(place);
    free(beside);
    free(old);
    return ok;
}

/* ---- what is left behind ---- */

bool base_output_set_aside(const char *folder, const char *name, base_error *error) {
    char *path = base_path(folder, name, error);
    char *old = path ? base_format("%s.old-%ld", path, (long)getpid()) : NULL;
    bool ok = old ? base_folder_remove(old, error) : out_of_memory(error);
    if (ok && rename(path, old) && errno != ENOENT)
        ok = base_file_fail(path, "replace", error);
    free(path);
    free(old);
    return ok;
}

static bool is_mark(const char *text, const char *mark) {
    size_t n = strlen(mark);
    return strncmp(text, mark, n) == 0 && text[n] &&
           text[n + strspn(text + n, "0123456789")] == '\0';
}

static bool is_left(const char *entry, const char *const *names) {
    for (; *names; names++) {
        size_t n = strlen(*names);
        if (strncmp(entry, *names, n) != 0)
            continue;
        const char *rest =
            entry + n + ((*names)[n - 1] == '-' ? strspn(entry + n, "0123456789") : 0);
        if (is_mark(rest, ".part-") || is_mark(rest, ".old-"))
            return true;
    }
    return false;
}

bool base_output_clean(const char *folder, const char *const *names, base_error *error) {
    DIR *d = opendir(folder);
    bool ok = true;
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        if (!is_left(e->d_name, names))
            continue;
        char *path = base_path(folder, e->d_name, error);
        ok = path && base_folder_remove(path, error);
        free(path);
    }
    if (d)
        closedir(d);
    return ok;
}

/* ---- what may be written ---- */

bool base_output_check(const char *path, bool overwrite, const char *const *inputs,
                       base_error *error) {
    struct stat there, input;
    if (stat(path, &there))
        return !leads_nowhere(path) || fail_link(path, "file to write", error);
    if (S_ISDIR(there.st_mode)) {
        errno = EISDIR;
        return base_file_fail(path, "write", error);
    }
    for (; S_ISREG(there.st_mode) && *inputs; inputs++)
        if ((strcmp(*inputs, "-") ? stat(*inputs, &input) : fstat(STDIN_FILENO, &input)) == 0 &&
            input.st_dev == there.st_dev && input.st_ino == there.st_ino)
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: found an input of the command, expected another file to write",
                             path);
    return !S_ISREG(there.st_mode) || overwrite ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: exists already; name another file, or replace it by --overwrite", path);
}
