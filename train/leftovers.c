#include "train/leftovers.h"

#include "base/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static bool is_leftover(const char *name) {
    return strstr(name, ".part-") || strstr(name, ".old-");
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
