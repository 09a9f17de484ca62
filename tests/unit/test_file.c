/* Files and folders: nothing half-written, errors name the path. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/output.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
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

Test(file, a_pipe_is_refused_not_waited_for, .timeout = 20) {
    base_error error = {0};
    base_bytes bytes = {0};
    const char *path = fixture_path("pipe");
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_not(base_file_read(path, &bytes, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "pipe: cannot read: it is a pipe or a device"), "%s", error.text);
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

static bool fill(const void *text, const char *folder, base_error *error) {
    return base_file_write_in(folder, "file", text, strlen(text), error);
}

static void stage(const char *path, const char *text) {
    base_error error = {0};
    cr_assert(base_output_folder(path, fill, text, &error), "%s", error.text);
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

static bool fill_half(const void *text, const char *folder, base_error *error) {
    return fill(text, folder, error) && base_fail(error, BASE_FAILED, "broken off");
}

Test(file, a_folder_that_could_not_be_filled_changes_nothing) {
    base_error error = {0};
    stage(fixture_path("m"), "one");
    cr_expect_not(base_output_folder(fixture_path("m"), fill_half, "two", &error));
    expect_content(fixture_path("m/file"), "one");
    cr_expect_eq(entries(fixture_folder()), 1);
}

Test(file, what_a_dead_writer_left_is_replaced_and_cleaned) {
    static const char *const names[] = {"m", NULL};
    base_error error = {0};
    char left[64];
    snprintf(left, sizeof left, "m.part-%ld", (long)getpid());
    cr_assert(base_folder_make(fixture_path(left), &error));
    cr_assert(base_file_write_in(fixture_path(left), "left", "x", 1, &error));
    stage(fixture_path("m"), "one");
    cr_expect_eq(entries(fixture_path("m")), 1);
    fixture_text("m.old-77", "x");
    fixture_text("m.part-78", "x");
    fixture_text("notes.old-3", "mine");
    fixture_text("m.old-best", "mine");
    fixture_text("mine.old-3", "mine");
    cr_assert(base_output_clean(fixture_folder(), names, &error), "%s", error.text);
    cr_expect_eq(entries(fixture_folder()), 4);
    expect_content(fixture_path("mine.old-3"), "mine");
    expect_content(fixture_path("notes.old-3"), "mine");
    expect_content(fixture_path("m.old-best"), "mine");
}

Test(file, links_stay_links) {
    base_error error = {0};
    struct stat s;
    stage(fixture_path("there/m"), "one");
    cr_assert_eq(symlink("there/m", fixture_path("m")), 0);
    cr_assert_eq(symlink("there/m/file", fixture_path("f")), 0);
    cr_expect(base_file_write(fixture_path("f"), "two", 3, &error), "%s", error.text);
    expect_content(fixture_path("there/m/file"), "two");
    stage(fixture_path("m/"), "three");
    expect_content(fixture_path("there/m/file"), "three");
    cr_expect(lstat(fixture_path("m"), &s) == 0 && S_ISLNK(s.st_mode));
    cr_expect(lstat(fixture_path("f"), &s) == 0 && S_ISLNK(s.st_mode));
    cr_expect_eq(entries(fixture_folder()), 3);
}

Test(file, a_link_that_leads_nowhere_is_not_replaced_by_a_folder) {
    base_error error = {0};
    struct stat s;
    const char *path = fixture_path("m");
    cr_assert_eq(symlink("nowhere", path), 0);
    cr_expect_not(base_output_folder(path, fill, "x", &error));
    cr_expect(strstr(error.text, "m: found a link that leads nowhere"), "%s", error.text);
    cr_expect(lstat(path, &s) == 0 && S_ISLNK(s.st_mode));
    cr_expect_eq(entries(fixture_folder()), 1);
}

Test(file, a_folder_that_cannot_be_made_is_named_as_it_was_asked_for) {
    if (!base_file_is_folder("/proc/self"))
        cr_skip_test("there is no /proc");
    base_error error = {0};
    cr_expect_not(base_output_folder("/proc/m", fill, "x", &error));
    cr_expect_not_null(strstr(error.text, "/proc/m: cannot make the folder: "), "%s", error.text);
}

Test(file, an_output_replaces_no_input_and_nothing_unasked) {
    base_error error[4] = {0};
    const char *path = fixture_text("a", "x");
    cr_assert_eq(symlink("a", fixture_path("b")), 0);
    const char *const other[] = {"-", fixture_path("none"), fixture_folder(), NULL};
    const char *const same[] = {"-", path, NULL};
    cr_expect(base_output_check(fixture_path("new"), false, same, &error[0]));
    cr_expect(base_output_check("/dev/null", false, same, &error[0]));
    cr_expect(base_output_check(path, true, other, &error[0]), "%s", error[0].text);
    cr_expect_not(base_output_check(path, false, other, &error[0]));
    cr_expect(strstr(error[0].text, "exists already"), "%s", error[0].text);
    cr_expect_not(base_output_check(fixture_path("./b"), true, same, &error[1]));
    cr_expect(strstr(error[1].text, "found an input"), "%s", error[1].text);
    cr_expect_not(base_output_check(fixture_folder(), true, other, &error[2]));
    for (int i = 0; i < 3; i++)
        cr_expect_eq(error[i].status, BASE_BAD_INPUT);
}
