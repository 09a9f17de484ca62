#define _POSIX_C_SOURCE 200809L
#include "base/unfinished.h"

#include "base/cpu.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Marks of parts; those of the state file are OPEN and DONE. */
enum { OPEN = '.', WRITTEN = 'w', DONE = 'x' };

static const char before_marks[] = "done: ";

struct base_unfinished {
    char *path, *place, *folder, *file, *state; /* as asked; where it goes; NAME.part, and in it */
    base_unfinished_whole whole;
    char *mark; /* [parts] */
    base_lock *lock;
    FILE *stream;
    int state_file; /* -1: none */
    double synced;  /* when; 0: not yet, so that the first part is at once */
    bool failed;    /* a sync has: what is not marked may be lost, though a second one says no */
};

static bool out_of_memory(base_error *error) {
    return base_fail(error, BASE_FAILED, "out of memory");
}

static char *in(const base_unfinished *u, const char *name, base_error *error) {
    return u->folder ? base_path(u->folder, name, error) : NULL;
}

static bool name_files(base_unfinished *u, const char *path, base_error *error) {
    u->path = base_copy(path, strlen(path));
    u->place = base_output_place(path, error);
    u->folder = u->place ? base_format("%s.part", u->place) : NULL;
    u->file = in(u, "file", error);
    u->state = in(u, "state", error);
    return (u->path && u->file && u->state) || out_of_memory(error);
}

static void release(base_unfinished *u) {
    if (u->stream)
        fclose(u->stream);
    if (u->state_file >= 0)
        close(u->state_file);
    base_lock_release(u->lock);
    free(u->path);
    free(u->place);
    free(u->folder);
    free(u->file);
    free(u->state);
    free(u->mark);
    free(u);
}

static bool is_there(const base_unfinished *u) {
    return base_file_exists(u->state) && base_file_exists(u->file);
}

bool base_unfinished_is_there(const char *path, bool *there, base_error *error) {
    base_unfinished *u = base_alloc(1, sizeof *u, error);
    if (!u)
        return false;
    u->state_file = -1;
    bool ok = name_files(u, path, error);
    *there = ok && is_there(u);
    release(u);
    return ok;
}

/* ---- the state ---- */

static bool write_state(const base_unfinished *u, base_error *error) {
    base_bytes text = {0};
    bool ok = base_bytes_format(&text, error, "%s%s", u->whole.origin, before_marks) &&
              base_bytes_add(&text, u->mark, u->whole.parts, error) &&
              base_bytes_add(&text, "\n", 1, error) &&
              base_file_write(u->state, text.data, text.size, error);
    base_bytes_free(&text);
    return ok;
}

/* Of a line, or of nothing. */
static const char nothing[] = "nothing";
static int shown(size_t length) {
    enum { MOST = 300 };
    length = length ? length : strlen(nothing);
    return (int)(length < MOST ? length : MOST);
}

/* Fails with the first line that is not the same. */
static bool fail_origin(const base_unfinished *u, const char *then, base_error *error) {
    const char *now = u->whole.origin;
    size_t a, b;
    for (;; now += a + 1, then += b + 1) {
        a = strcspn(now, "\n"), b = strcspn(then, "\n");
        if (!now[a] || !then[b] || a != b || memcmp(now, then, a) != 0)
            break;
    }
    return base_fail(error, BASE_BAD_INPUT,
                     "%s was begun with %.*s, found %.*s; go on with the same, or start anew by "
                     "--overwrite",
                     u->folder, shown(b), b ? then : nothing, shown(a), a ? now : nothing);
}

static bool take_marks(base_unfinished *u, const base_bytes *text, base_error *error) {
    size_t origin = strlen(u->whole.origin), from = origin + strlen(before_marks);
    if (text->size < from || memcmp(text->data, u->whole.origin, origin) != 0 ||
        memcmp(text->data + origin, before_marks, strlen(before_marks)) != 0)
        return fail_origin(u, text->data, error);
    const char *marks = text->data + from;
    if (text->size != from + u->whole.parts + 1 ||
        strspn(marks, (char[]){OPEN, DONE, '\0'}) != u->whole.parts)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found no marks of %zu parts at byte %zu, expected them as they were "
                         "written; start anew by --overwrite",
                         u->state, u->whole.parts, from);
    memcpy(u->mark, marks, u->whole.parts);
    return true;
}

static bool read_state(base_unfinished *u, base_error *error) {
    base_bytes text = {0};
    bool ok = base_file_read(u->state, &text, error) && take_marks(u, &text, error);
    base_bytes_free(&text);
    return ok;
}

/* ---- opening ---- */

static bool check_size(const base_unfinished *u, base_error *error) {
    uint64_t size;
    if (!base_file_size(u->file, &size, error))
        return false;
    return size == u->whole.size ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found %llu bytes, expected %llu; start anew by --overwrite", u->file,
                     (unsigned long long)size, (unsigned long long)u->whole.size);
}

static bool open_files(base_unfinished *u, base_error *error) {
    u->state_file = open(u->state, O_WRONLY | O_CLOEXEC);
    if (!u->stream)
        u->stream = fopen(u->file, "r+b");
    return (u->stream && u->state_file >= 0) || base_file_fail(u->path, "write", error);
}

/* The state goes first and comes last: without one there is nothing to go on with. */
static void remove_files(const base_unfinished *u) {
    unlink(u->state);
    unlink(u->file);
}

static bool begin(base_unfinished *u, base_error *error) {
    remove_files(u);
    memset(u->mark, OPEN, u->whole.parts);
    uint64_t space = base_folder_space(u->folder);
    if (space < u->whole.size)
        return base_fail(error, BASE_FAILED, "%s: cannot write: it needs %llu bytes, %llu are free",
                         u->path, (unsigned long long)u->whole.size, (unsigned long long)space);
    u->stream = fopen(u->file, "w+b");
    if (!u->stream)
        return base_file_fail(u->path, "create", error);
    if (ftruncate(fileno(u->stream), (off_t)u->whole.size) || fsync(fileno(u->stream)))
        return base_file_fail(u->path, "write", error);
    return write_state(u, error) && open_files(u, error);
}

static bool resume(base_unfinished *u, base_error *error) {
    return read_state(u, error) && check_size(u, error) && open_files(u, error);
}

/* A folder that no output has made: it has files and no lock, which comes first, or it is a link.
 */
static bool is_foreign(const base_unfinished *u, const char *lock) {
    struct stat s;
    return lstat(u->folder, &s) || !S_ISDIR(s.st_mode) ||
           !(base_file_exists(lock) || base_file_exists(u->state));
}

static bool take_folder(base_unfinished *u, base_error *error) {
    char *lock = in(u, "lock", error);
    rmdir(u->folder); /* an empty one is nobody's */
    if (lock && base_file_exists(u->folder) && is_foreign(u, lock))
        base_fail(error, BASE_BAD_INPUT,
                  "%s: found files in it that are not an unfinished output's, expected no such "
                  "folder",
                  u->folder);
    else if (mkdir(u->folder, 0777) != 0 && (errno != EEXIST || !base_file_is_folder(u->folder)))
        base_file_fail(u->path, "create", error);
    u->lock = lock && base_ok(error) ? base_lock_take(lock, u->folder, error) : NULL;
    free(lock);
    return u->lock != NULL;
}

static bool start_in(base_unfinished *u, base_unfinished_start start, base_error *error) {
    if (start == BASE_UNFINISHED_JOIN)
        return resume(u, error);
    if (!take_folder(u, error))
        return false;
    if (!is_there(u) || start == BASE_UNFINISHED_ANEW)
        return begin(u, error);
    return start == BASE_UNFINISHED_RESUME
               ? resume(u, error)
               : base_fail(error, BASE_BAD_INPUT,
                           "%s is unfinished: go on with it by --resume, or start anew by "
                           "--overwrite",
                           u->folder);
}

/* The folder goes when nothing is in it. */
static void close_folder(base_unfinished *u) {
    bool held = u->lock != NULL;
    base_lock_release(u->lock);
    u->lock = NULL;
    if (held)
        rmdir(u->folder);
    release(u);
}

base_unfinished *base_unfinished_open(const char *path, const base_unfinished_whole *whole,
                                      base_unfinished_start start, base_error *error) {
    base_unfinished *u = base_alloc(1, sizeof *u, error);
    if (!u)
        return NULL;
    u->whole = *whole;
    u->state_file = -1;
    u->mark = base_alloc(whole->parts, 1, error);
    if (u->mark && name_files(u, path, error) && start_in(u, start, error))
        return u;
    if (u->lock && !base_file_exists(u->state))
        remove_files(u);
    close_folder(u);
    return NULL;
}

/* ---- writing ---- */

FILE *base_unfinished_stream(base_unfinished *u) {
    return u->stream;
}

bool base_unfinished_is_done(const base_unfinished *u, size_t part) {
    return u->mark[part] == DONE;
}

static bool mark_done(base_unfinished *u, size_t part) {
    static const char mark = DONE;
    size_t at = strlen(u->whole.origin) + strlen(before_marks) + part;
    u->mark[part] = mark;
    return pwrite(u->state_file, &mark, 1, (off_t)at) == 1;
}

bool base_unfinished_sync(base_unfinished *u, base_error *error) {
    bool ok =
        !u->failed && !ferror(u->stream) && fflush(u->stream) == 0 && fsync(fileno(u->stream)) == 0;
    for (size_t i = 0; ok && i < u->whole.parts; i++)
        ok = u->mark[i] != WRITTEN || mark_done(u, i);
    ok = ok && fsync(u->state_file) == 0;
    u->synced = base_cpu_seconds();
    u->failed = !ok;
    return ok || base_file_fail(u->path, "write", error);
}

bool base_unfinished_written(base_unfinished *u, size_t part, base_error *error) {
    static const double every = 1; /* seconds */
    u->mark[part] = WRITTEN;
    return base_cpu_seconds() - u->synced < every || base_unfinished_sync(u, error);
}

/* ---- the end ---- */

/* Parts are also those that other processes have written. */
static bool check_whole(base_unfinished *u, base_error *error) {
    if (!read_state(u, error))
        return false;
    const char *open = memchr(u->mark, OPEN, u->whole.parts);
    return !open || base_fail(error, BASE_FAILED, "%s: part %zu of %zu is not done", u->folder,
                              (size_t)(open - u->mark) + 1, u->whole.parts);
}

bool base_unfinished_commit(base_unfinished *u, base_error *error) {
    if (!base_unfinished_sync(u, error) || !check_whole(u, error) ||
        (rename(u->file, u->place) && !base_file_fail(u->path, "write", error))) {
        base_unfinished_leave(u);
        return false;
    }
    bool ok = base_output_sync_parent(u->place, error);
    remove_files(u);
    close_folder(u);
    return ok;
}

bool base_unfinished_leave(base_unfinished *u) {
    base_error ignored = {0};
    if (!u)
        return false;
    bool there = true;
    base_unfinished_sync(u, &ignored);
    if (u->lock && read_state(u, &ignored) && !memchr(u->mark, DONE, u->whole.parts)) {
        remove_files(u);
        there = false;
    }
    close_folder(u);
    return there;
}
