#define _GNU_SOURCE
#include "base/lock.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct base_lock {
    int fd;
    char *file;
};

/* "process 123 on HOST since TIME"; the holder writes it a moment after it took the lock. */
static bool fail_held(int fd, const char *what, base_error *error) {
    enum { ROUNDS = 100 };
    char text[300] = "", holder[320];
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < ROUNDS && !text[0]; i++) {
        ssize_t n = pread(fd, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        if (n <= 0)
            nanosleep(&pause, NULL);
    }
    size_t line = strcspn(text, "\n");
    return base_fail(error, BASE_BAD_INPUT, "%s is in use by %s", what,
                     line ? base_escape(holder, sizeof holder, text, line) : "another process");
}

/* *taken: whether nobody else has it. False on errors. Locks of the open file, not of the process,
 * so that two runs in one process keep each other out as well. */
static bool try_lock(int fd, const char *file, bool *taken, base_error *error) {
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *taken = fcntl(fd, F_OFD_SETLK, &all) == 0;
    if (*taken || errno == EAGAIN || errno == EACCES)
        return true;
    if (errno != ENOLCK && errno != ENOSYS && errno != EOPNOTSUPP && errno != EINVAL)
        return base_file_fail(file, "lock", error);
    base_log(BASE_LOG_WARNING, "%s: the file system has no locks; start no second run there", file);
    *taken = true;
    return true;
}

/* Whether the open file still has its name: a holder that ended may have removed it. */
static bool is_named(int fd, const char *file) {
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(file, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

static void describe(int fd) {
    char host[200] = "", when[64] = "", text[300];
    time_t now = time(NULL);
    struct tm local;
    gethostname(host, sizeof host - 1);
    if (localtime_r(&now, &local))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    int n = snprintf(text, sizeof text, "process %ld on %s since %s\n", (long)getpid(), host, when);
    if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n)
        return; /* the lock holds all the same */
}

/* -1 and no error: a missing file, without O_CREAT. What a link leads to is somebody's own; a pipe
 * would wait for its other end. */
static int open_file(const char *file, int flags, base_error *error) {
    struct stat s;
    int fd = open(file, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
        return fd;
    if (fd >= 0) {
        close(fd);
        base_fail(error, BASE_BAD_INPUT, "%s: found no plain file, expected a lock or nothing",
                  file);
    } else if (errno == ELOOP) {
        base_fail(error, BASE_BAD_INPUT, "%s: found a link, expected a lock or nothing", file);
    } else if ((flags & O_CREAT) || (errno != ENOENT && errno != ENOTDIR)) {
        base_file_fail(file, "lock", error);
    }
    return -1;
}

static int open_locked(const char *file, const char *what, base_error *error) {
    while (base_ok(error)) {
        bool taken = false;
        int fd = open_file(file, O_RDWR | O_CREAT, error);
        if (fd < 0)
            return -1;
        if (try_lock(fd, file, &taken, error) && !taken)
            fail_held(fd, what, error);
        if (taken && is_named(fd, file))
            return fd;
        close(fd);
    }
    return -1;
}

base_lock *base_lock_take(const char *file, const char *what, base_error *error) {
    base_lock *lock = base_alloc(1, sizeof *lock, error);
    if (!lock)
        return NULL;
    lock->fd = -1;
    lock->file = base_copy(file, strlen(file));
    if (lock->file)
        lock->fd = open_locked(file, what, error);
    else
        base_fail(error, BASE_FAILED, "out of memory");
    if (lock->fd >= 0) {
        describe(lock->fd);
        return lock;
    }
    free(lock->file);
    free(lock);
    return NULL;
}

void base_lock_release(base_lock *lock) {
    if (!lock)
        return;
    unlink(lock->file); /* while it is held: who opened it meanwhile sees that it has no name */
    close(lock->fd);
    free(lock->file);
    free(lock);
}

bool base_lock_is_free(const char *file, const char *what, base_error *error) {
    int fd = open_file(file, O_RDONLY, error);
    if (fd < 0)
        return base_ok(error);
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool ok =
        fcntl(fd, F_OFD_GETLK, &all) != 0 || all.l_type == F_UNLCK || fail_held(fd, what, error);
    close(fd);
    return ok;
}
