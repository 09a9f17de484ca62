#include "train/leftovers.h"

#include "base/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *name, const char *mark) {
    const char *at = NULL;
    for (const char *next = name; (next = strstr(next, mark)); next++)
        at = next + strlen(mark);
    return at && *at && at[strspn(at, "0123456789")] == '\0';
}

static bool is_leftover(const char *name) {
    return ends_in(name, ".part-") || ends_in(name, ".old-");
}

bool train_leftovers_remove(const char *folder, base_error *error) {
    DIR *d = opendir(folder);
    bool ok = true;
    for (struct dirent *e; ok && d && (e = readdir(d));) {
        char *path = is_leftover(e->d_name) ? base_path(folder, e->d_name, error) : NULL;
        if (path)
            ok = base_folder_remove(path, error);
        free(path);
        ok = ok && base_ok(error);
    }
    if (d)
        closedir(d);
    return ok;
}
