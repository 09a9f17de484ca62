#define _DEFAULT_SOURCE
#include "base/mapping.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map(base_mapping *m, int file, const char *path, uint64_t size, base_error *error) {
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0)
        return base_file_fail(path, "open", error);
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size != size)
        return base_fail(error, BASE_BAD_INPUT, "%s: found %llu bytes, expected %llu", path,
                         (unsigned long long)status.st_size, (unsigned long long)size);
    m->size = (size_t)size;
    void *data = size ? mmap(NULL, m->size, PROT_READ, MAP_SHARED, file, 0) : NULL;
    if (data == MAP_FAILED)
        return base_file_fail(path, "map", error);
    m->data = data;
    return true;
}

bool base_mapping_open(base_mapping *m, const char *folder, const char *name, uint64_t size,
                       base_error *error) {
    char *path = base_path(folder, name, error);
    if (!path)
        return false;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = map(m, file, path, size, error);
    if (file >= 0)
        close(file);
    free(path);
    return ok;
}

void base_mapping_close(base_mapping *m) {
    if (m->data)
        munmap(m->data, m->size);
    *m = (base_mapping){0};
}
