#define _DEFAULT_SOURCE
#include "bench/child.h"

#include "base/cpu.h"
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_ERRORS BENCH_FOLDER "/child.err"

static void become(const char *const *argv, int out) {
    unsetenv("OPENBLAS_CORETYPE"); /* the bench's own, for its ceiling */
    int err = open(CHILD_ERRORS, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (dup2(out, STDOUT_FILENO) >= 0 && err >= 0 && dup2(err, STDERR_FILENO) >= 0)
        execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void look(const char *watch, double start, bench_child *child) {
    struct stat status;
    if (watch && child->log_seconds <= 0 && stat(watch, &status) == 0 && status.st_size > 0)
        child->log_seconds = base_cpu_seconds() - start;
}

/* Reads the child's output to its end, looking at the watched file meanwhile. */
static bool listen_to(int in, const char *watch, double start, bench_child *child,
                      base_error *error) {
    char buffer[4096];
    for (;;) {
        look(watch, start, child);
        struct pollfd ready = {.fd = in, .events = POLLIN};
        if (poll(&ready, 1, watch && child->log_seconds <= 0 ? 1 : -1) == 0)
            continue;
        ssize_t got = read(in, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return true;
        if (!base_bytes_add(&child->out, buffer, (size_t)got, error))
            return false;
    }
}

bool bench_child_run(const char *const *argv, const char *watch, bench_child *child,
                     base_error *error) {
    int ends[2], status = 0;
    struct rusage usage;
    *child = (bench_child){0};
    if (watch)
        unlink(watch);
    if (pipe(ends) != 0)
        return base_fail(error, BASE_FAILED, "pipe: %s", strerror(errno));
    double start = base_cpu_seconds();
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        become(argv, ends[1]);
    }
    close(ends[1]);
    bool heard = pid > 0 && listen_to(ends[0], watch, start, child, error);
    close(ends[0]);
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
        return base_fail(error, BASE_FAILED, "%s: %s", argv[0], strerror(errno));
    child->seconds = base_cpu_seconds() - start;
    look(watch, start, child);
    child->peak = (double)usage.ru_maxrss * 1024;
    if (status != 0)
        return base_fail(error, BASE_FAILED, "%s %s failed, see " CHILD_ERRORS, argv[0], argv[1]);
    return heard;
}
