/* Files and folders: nothing half-written, errors name the path. */
#define _GNU_SOURCE
#include "base/file.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_content(const char *path, const char *text) {
    base_error error = {0};
    base_bytes bytes = {0};
    cr_assert(base_file_read(path, &bytes, &error), "%s", error.text);
    cr_expect_eq(bytes.size, strlen(text));
    cr_expect_str_eq(bytes.data, text);
    base_bytes_free(&bytes);
}

static size_t entries(const char *folder) {
    size_t n = 0;
    DIR *d = opendir(folder);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

Test(file, write_replaces_whole_and_leaves_nothing_beside) {
    base_error error = {0};
    const char *path = fixture_text("a", "old");
    cr_expect(base_file_write(path, "new\n", 4, &error));
    expect_content(path, "new\n");
    cr_expect_eq(entries(fixture_folder()), 1);
    cr_expect(base_file_write(path, "", 0, &error));
    expect_content(path, "");
}

Test(file, a_device_is_written_to_and_stays_one) {
    base_error error = {0};
    const char *path = fixture_path("null");
    cr_assert_eq(symlink("/dev/null", path), 0);
    cr_expect(base_file_write(path, "new\n", 4, &error), "%s", error.text);
    cr_expect(base_file_exists(path) && !base_file_is_regular(path));
    cr_expect_eq(entries(fixture_folder()), 1);
}

Test(file, a_failed_write_keeps_what_was_there) {
    base_error error = {0};
    const char *folder = fixture_path("folder");
    cr_assert(base_folder_make(folder, &error));
    cr_expect_not(base_file_write(folder, "x", 1, &error));
    cr_expect_not_null(strstr(error.text, "folder: cannot write: Is a directory"));
    cr_expect_eq(entries(fixture_folder()), 1);
    error = (base_error){0};
    cr_expect_not(base_file_write(fixture_path("none/a"), "x", 1, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_not_null(strstr(error.text, "none/a: cannot create: No such file"), "%s", error.text);
}

Test(file, missing_files_and_folders_are_bad_input) {
    base_bytes bytes = {0};
    uint64_t size;
    uint32_t crc;
    base_error errors[4] = {0};
    cr_expect_not(base_file_read(fixture_path("a\nb"), &bytes, &errors[0]));
    cr_expect_not_null(strstr(errors[0].text, "a\\x0ab: cannot open: No such file or directory"));
    cr_expect_not(base_file_read(fixture_folder(), &bytes, &errors[1]));
    cr_expect_not(base_file_size(fixture_path("none"), &size, &errors[2]));
    cr_expect_not(base_file_crc32(fixture_path("none"), &crc, &errors[3]));
    for (int i = 0; i < 4; i++)
        cr_expect_eq(errors[i].status, BASE_BAD_INPUT);
}

Test(file, size_and_crc) {
    base_error error = {0};
    uint64_t size;
    uint32_t crc;
    const char *path = fixture_text("check", "123456789");
    cr_expect(base_file_size(path, &size, &error) && size == 9);
    cr_expect(base_file_crc32(path, &crc, &error));
    cr_expect_eq(crc, 0xcbf43926u); /* the check value of CRC-32 */
}

Test(file, folders_are_made_with_their_parents_and_removed_without_following_links) {
    base_error error = {0};
    const char *deep = fixture_path("a/b//c/"), *kept = fixture_text("kept", "x");
    cr_expect(base_folder_make(deep, &error), "%s", error.text);
    cr_expect(base_folder_make(deep, &error));
    cr_expect(base_file_is_folder(fixture_path("a/b/c")));
    cr_assert_eq(symlink(fixture_folder(), fixture_path("a/link")), 0);
    cr_expect(base_folder_remove(fixture_path("a"), &error), "%s", error.text);
    cr_expect(base_folder_remove(fixture_path("a"), &error));
    cr_expect_not(base_file_exists(fixture_path("a")));
    expect_content(kept, "x");
    cr_expect_not(base_folder_make(fixture_path("kept/x"), &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}

static void stage(const char *path, const char *text) {
    base_error error = {0};
    char *staging = base_folder_begin(path, &error);
    cr_assert_not_null(staging, "%s", error.text);
    char *file = base_path(staging, "file", &error);
    cr_assert(base_file_write(file, text, strlen(text), &error));
    cr_assert(base_folder_commit(staging, path, &error), "%s", error.text);
    cr_expect_not(base_file_exists(staging));
    free(file);
    free(staging);
}

Test(file, a_folder_appears_whole_and_replaces_the_old_one) {
    stage(fixture_path("runs/model"), "one");
    expect_content(fixture_path("runs/model/file"), "one");
    fixture_text("runs/model/stale", "x");
    stage(fixture_path("runs/model/"), "two");
    expect_content(fixture_path("runs/model/file"), "two");
    cr_expect_not(base_file_exists(fixture_path("runs/model/stale")));
    cr_expect_eq(entries(fixture_path("runs")), 1);
}

Test(file, begin_clears_what_a_dead_run_left) {
    base_error error = {0};
    char *first = base_folder_begin(fixture_path("m"), &error);
    char *file = base_path(first, "left", &error);
    cr_assert(base_file_write(file, "x", 1, &error));
    char *second = base_folder_begin(fixture_path("m"), &error);
    cr_expect_str_eq(first, second);
    cr_expect_eq(entries(second), 0);
    free(first);
    free(second);
    free(file);
}

Test(file, a_folder_that_cannot_be_made_is_named_as_it_was_asked_for) {
    if (!base_file_is_folder("/proc/self"))
        cr_skip_test("there is no /proc");
    base_error error = {0};
    cr_expect_null(base_folder_begin("/proc/m", &error));
    cr_expect_not_null(strstr(error.text, "/proc/m: cannot make the folder: "), "%s", error.text);
}
