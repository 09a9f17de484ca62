#include "base/memory.h"
#include "dist/dist.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What launchers tell the processes that they start: Open MPI's mpirun; MPICH's and Intel's, and
 * srun by PMI; srun by PMIx. */
static const struct launcher {
    const char *size, *rank;
} launchers[] = {
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"},
    {"PMI_SIZE", "PMI_RANK"},
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID"},
};

static size_t number_of(const char *variable) {
    const char *text = getenv(variable);
    return text ? (size_t)strtoul(text, NULL, 10) : 0;
}

size_t dist_launched(size_t *rank) {
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        *rank = number_of(launchers[i].rank);
        size_t size = number_of(launchers[i].size);
        if (size > 0)
            return size;
    }
    return *rank = 0;
}

/* The lowest rank that has an error; SIZE_MAX: none has. */
static size_t first_failed(const dist_ranks *r, const base_error *error) {
    enum { MOST = 64 };
    bool failed[MOST];
    for (size_t first = 0; first < r->size; first += MOST) {
        for (size_t i = 0; i < MOST; i++)
            failed[i] = first + i == r->rank && !base_ok(error);
        dist_any(r, failed, MOST);
        for (size_t i = 0; i < MOST; i++)
            if (failed[i])
                return first + i;
    }
    return SIZE_MAX;
}

bool dist_agree(dist_ranks *r, base_error *error) {
    if (r->size == 1 || r->agreed)
        return base_ok(error);
    size_t from = first_failed(r, error);
    if (from == SIZE_MAX)
        return true;
    dist_share(r, from, error, sizeof *error);
    r->agreed = true;
    return from ? base_fail_prefix(error, "rank %zu", from) : false;
}

bool dist_follow(dist_ranks *r, base_error *error) {
    if (r->size == 1)
        return base_ok(error);
    dist_share(r, 0, error, sizeof *error);
    r->agreed = !base_ok(error);
    return !r->agreed;
}

/* The line of `lines` that begins with text[0..length); NULL: there is none. */
static const char *find_line(const char *lines, const char *text, size_t length) {
    while (*lines && strncmp(lines, text, length) != 0) {
        lines += strcspn(lines, "\n");
        lines += *lines != '\0';
    }
    return *lines ? lines : NULL;
}

/* Up to the line's end, or the first of it. */
static int shown(const char *text) {
    enum { MOST = 300 };
    size_t length = strcspn(text, "\n");
    return length < MOST ? (int)length : MOST;
}

/* Fails with the first of rank 0's lines that is not among mine. */
static bool compare(const char *mine, const char *first, base_error *error) {
    for (; *first; first += strcspn(first, "\n") + 1) {
        size_t length = strcspn(first, "\n") + 1, name = strcspn(first, ":") + 2;
        if (find_line(mine, first, length))
            continue;
        const char *other = find_line(mine, first, name);
        return base_fail(error, BASE_BAD_INPUT, "found %.*s%.*s, but rank 0 has %.*s", (int)name,
                         first, other ? shown(other + name) : 7, other ? other + name : "nothing",
                         shown(first + name), first + name);
    }
    return true;
}

bool dist_same(dist_ranks *r, const char *lines, base_error *error) {
    if (r->size == 1)
        return true;
    size_t size = strlen(lines) + 1;
    dist_share(r, 0, &size, sizeof size);
    char *first = base_alloc(size, 1, error);
    if (!dist_agree(r, error)) {
        free(first);
        return false;
    }
    if (r->rank == 0)
        memcpy(first, lines, size);
    dist_share(r, 0, first, size);
    compare(lines, first, error);
    free(first);
    return dist_agree(r, error);
}
