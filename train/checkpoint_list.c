#include "train/checkpoint_list.h"

#include "base/file.h"
#include "train/leftovers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "step-";

char *train_checkpoint_path(const char *run, size_t step, base_error *error) {
    char *path = base_format("%s/checkpoints/%s%09zu", run, prefix, step);
    if (!path)
        base_fail(error, BASE_FAILED, "out of memory");
    return path;
}

/* "step-000000012" gives 12; other names give false. */
static bool parse_name(const char *name, size_t *step) {
    size_t skip = sizeof prefix - 1;
    if (strncmp(name, prefix, skip) != 0 || !name[skip])
        return false;
    char *end;
    *step = strtoull(name + skip, &end, 10);
    return *end == '\0';
}

static int newest_first(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

size_t *train_checkpoint_steps(const char *run, size_t *count, base_error *error) {
    char *folder = base_path(run, "checkpoints", error);
    size_t *steps = base_alloc(1, sizeof *steps, error), capacity = 1, step;
    DIR *d = folder ? opendir(folder) : NULL;
    *count = 0;
    bool ok = folder && steps;
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        if (!parse_name(e->d_name, &step))
            continue;
        ok = base_grow(&steps, &capacity, *count + 1, sizeof *steps, error);
        if (ok)
            steps[(*count)++] = step;
    }
    if (d)
        closedir(d);
    free(folder);
    if (ok)
        qsort(steps, *count, sizeof *steps, newest_first);
    if (ok)
        return steps;
    free(steps);
    return NULL;
}

bool train_checkpoint_prune(const char *run, size_t newest, size_t keep, base_error *error) {
    size_t count, kept = 0, *steps = train_checkpoint_steps(run, &count, error);
    bool ok = steps != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        if (steps[i] <= newest && kept++ < keep)
            continue;
        char *path = train_checkpoint_path(run, steps[i], error);
        ok = path && base_folder_remove(path, error);
        free(path);
    }
    free(steps);
    char *folder = base_path(run, "checkpoints", error);
    ok = ok && folder && train_leftovers_remove(folder, error);
    free(folder);
    return ok;
}
