#define _GNU_SOURCE
#include "tests/fixture.h"

#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];
static char **paths; /* given out, freed when the test ends */
static size_t path_count, path_capacity;

static const char *keep(char *path) {
    base_error error = {0};
    cr_assert_not_null(path);
    cr_assert(base_grow(&paths, &path_capacity, path_count + 1, sizeof *paths, &error));
    paths[path_count++] = path;
    return path;
}

static void remove_folder(void) {
    base_error error = {0};
    base_folder_remove(folder, &error);
    while (path_count > 0)
        free(paths[--path_count]);
    free(paths);
}

const char *fixture_folder(void) {
    if (!folder[0]) {
        strcpy(folder, "/tmp/sbert-test-XXXXXX");
        cr_assert_not_null(mkdtemp(folder));
        atexit(remove_folder);
    }
    return folder;
}

const char *fixture_path(const char *name) {
    base_error error = {0};
    return keep(base_path(fixture_folder(), name, &error));
}

/* No test pulls the plug; on a busy disk waiting for it takes most of a run's time. */
int __wrap_fsync(int file);
int __wrap_fsync(int file) {
    (void)file;
    return 0;
}

const char *fixture_write(const char *name, const void *bytes, size_t size) {
    const char *path = fixture_path(name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    return path;
}

const char *fixture_text(const char *name, const char *text) {
    return fixture_write(name, text, strlen(text));
}

const char *fixture_gzip(const char *name, const void *bytes, size_t size) {
    const char *path = fixture_path(name);
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, bytes, (unsigned)size), (int)size);
    cr_assert_eq(gzclose(file), Z_OK);
    return path;
}

const char *fixture_shared(const char *name) {
    const char *root = getenv("SBERT_SHARED");
    base_error error = {0};
    const char *path = keep(base_path(root ? root : "../shared", name, &error));
    if (!base_file_exists(path))
        cr_skip_test("%s is not there (SBERT_SHARED names the folder of shared data)", path);
    return path;
}
