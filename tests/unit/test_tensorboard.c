#define _POSIX_C_SOURCE 200809L
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/tiny_run.h"
#include "train/tensorboard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3720, appendix B.4. */
Test(tensorboard, crc32c_is_the_standard_s) {
    uint8_t bytes[32] = {0};
    cr_assert_eq(train_crc32c(bytes, 32), 0x8a9136aau);
    memset(bytes, 0xff, 32);
    cr_assert_eq(train_crc32c(bytes, 32), 0x62a8ab43u);
    cr_assert_eq(train_crc32c("123456789", 9), 0xe3069283u);
}

/* Events of the file as "step tag" lines. */
static char *events_of(const char *run) {
    base_error error = {0};
    base_bytes file = {0}, out = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/" TRAIN_TENSORBOARD_FILE, run);
    cr_assert(base_file_read(path, &file, &error), "%s", error.text);
    size_t at = 0, length, n = 0;
    for (const uint8_t *r;
         (r = train_tfrecord_next((const uint8_t *)file.data, file.size, &at, &length));) {
        uint64_t step;
        const char *tag;
        cr_assert(train_event_read(r, length, &step, &tag, &n));
        base_bytes_format(&out, &error, "%d %.*s\n", (int)step, tag ? (int)n : 1, tag ? tag : "-");
    }
    cr_assert_eq(at, file.size);
    base_bytes_free(&file);
    return out.data;
}

static void add(train_tensorboard *t, size_t step, const char *tag, double value) {
    base_error error = {0};
    train_scalar s = {tag, value};
    cr_assert(train_tensorboard_add(t, step, &s, 1, &error), "%s", error.text);
}

static void expect_events(const char *expected) {
    char *found = events_of(fixture_folder());
    cr_assert_str_eq(found, expected);
    free(found);
}

Test(tensorboard, what_was_written_is_read_and_gone_on_with) {
    base_error error = {0};
    train_tensorboard *t = train_tensorboard_open(fixture_folder(), 0, &error);
    cr_assert(t, "%s", error.text);
    add(t, 1, "train/loss", 0.5);
    add(t, 200, "dev/a/b", 1e30);
    add(t, 300, "train/loss", -1);
    train_tensorboard_close(t);
    expect_events("0 -\n1 train/loss\n200 dev/a/b\n300 train/loss\n");
    t = train_tensorboard_open(fixture_folder(), 200, &error);
    add(t, 201, "test/c/d", 2);
    train_tensorboard_close(t);
    expect_events("0 -\n1 train/loss\n200 dev/a/b\n201 test/c/d\n");
    /* a finished run is finished again: its test scores are measured anew */
    cr_assert(train_tensorboard_cut(fixture_folder(), 201, &error));
    expect_events("0 -\n1 train/loss\n200 dev/a/b\n");
}

/* However a crash or a damage cuts the file, a run goes on with what is whole. */
Test(tensorboard, any_damage_leaves_whole_events) {
    base_error error = {0};
    base_bytes file = {0}, again = {0};
    train_tensorboard *t = train_tensorboard_open(fixture_folder(), 0, &error);
    add(t, 1, "train/loss", 0.5);
    add(t, 2, "train/loss", 0.25);
    train_tensorboard_close(t);
    const char *path = fixture_path(TRAIN_TENSORBOARD_FILE);
    cr_assert(base_file_read(path, &file, &error));
    for (size_t i = 0; i < 2 * file.size; i++) {
        size_t size = i < file.size ? i : file.size; /* cut off, or one byte changed */
        if (i >= file.size)
            file.data[i - file.size] ^= 0x15;
        cr_assert(base_file_write(path, file.data, size, &error));
        cr_assert(train_tensorboard_cut(fixture_folder(), 2, &error), "%s", error.text);
        free(events_of(fixture_folder()));
        cr_assert(base_file_read(path, &again, &error));
        cr_assert_lt(again.size, file.size, "byte %zu", i);
        cr_assert_arr_eq(again.data, file.data, again.size);
        base_bytes_free(&again);
        if (i >= file.size)
            file.data[i - file.size] ^= 0x15;
    }
    base_bytes_free(&file);
}

/* ---- of a run ---- */

static size_t lines_with(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

Test(tensorboard, a_run_has_the_curves_of_its_logs, .init = tiny_corpora) {
    static const char *const sets[] = {"tensorboard=true", "evaluation.every=5",
                                       "checkpoint.every=3", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    char *whole = events_of(fixture_path("run"));
    cr_assert_eq(lines_with(whole, "train/loss"), 10);
    cr_assert_eq(lines_with(whole, "spearman_cosine"), 3);
    tiny_run_well(sets, TRAIN_OVERWRITE, 7);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    char *resumed = events_of(fixture_path("run"));
    cr_assert_str_eq(whole, resumed);
    free(whole);
    free(resumed);
}

Test(tensorboard, a_run_without_it_has_no_file, .init = tiny_corpora) {
    tiny_run_well(NULL, TRAIN_NEW, 0);
    cr_assert_not(base_file_exists(fixture_path("run/" TRAIN_TENSORBOARD_FILE)));
}

/* Python's package, where it is: SBERT_TENSORBOARD names an interpreter that has it. */
static const char *python(void) {
    const char *given = getenv("SBERT_TENSORBOARD");
    return given ? given : "python3";
}

static int run_python(const char *script, char *out, size_t size) {
    char command[1400];
    snprintf(command, sizeof command, "%s -c '%s' '%s' 2>/dev/null", python(), script,
             fixture_path("run"));
    FILE *p = popen(command, "r");
    cr_assert(p);
    size_t n = fread(out, 1, size - 1, p);
    out[n] = '\0';
    return pclose(p);
}

Test(tensorboard, python_s_package_reads_a_run, .init = tiny_corpora) {
    static const char script[] =
        "import sys\n"
        "from tensorboard.backend.event_processing.event_accumulator import EventAccumulator\n"
        "events = EventAccumulator(sys.argv[1]); events.Reload()\n"
        "for tag in sorted(events.Tags()[\"scalars\"]):\n"
        "    found = events.Scalars(tag)\n"
        "    print(tag.split(\"/\")[0], tag.split(\"/\")[-1], len(found), found[-1].step)\n"
        "print(\"%.9g\" % events.Scalars(\"train/loss\")[-1].value)\n";
    static const char expected[] = "dev pearson_cosine 3 10\n";
    char out[4000], last[40];
    if (run_python("import tensorboard", out, sizeof out))
        cr_skip_test("no Python package tensorboard (SBERT_TENSORBOARD names its interpreter)");
    static const char *const sets[] = {"tensorboard=true", "evaluation.every=5", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert_eq(run_python(script, out, sizeof out), 0, "%s", out);
    cr_assert(strstr(out, expected), "%s", out);
    cr_assert(strstr(out, "train grad_norm 10 10\ntrain learning_rate 10 10\ntrain loss 10 10\n"),
              "%s", out);
    snprintf(last, sizeof last, "\n%.9g\n", (double)(float)r.last_loss);
    cr_assert(strstr(out, last), "%s, expected %s", out, last);
}
