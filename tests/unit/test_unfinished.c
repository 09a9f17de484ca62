/* Outputs that outlive their process, and `sbert encode --resume`, which goes on with them. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/unfinished.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PARTS = 5, PART = 3 };
static const char origin[] = "input: 12 bytes\nmodel: a\n";

static base_unfinished *open_from(const char *from, base_unfinished_start start,
                                  base_error *error) {
    *error = (base_error){0};
    base_unfinished_whole whole = {from, PARTS * PART, PARTS};
    return base_unfinished_open(fixture_path("out"), &whole, start, error);
}

static base_unfinished *open_well(base_unfinished_start start) {
    base_error error;
    base_unfinished *u = open_from(origin, start, &error);
    cr_assert_not_null(u, "%s", error.text);
    return u;
}

static void write_part(base_unfinished *u, size_t part) {
    base_error error = {0};
    char bytes[PART];
    memset(bytes, 'a' + (int)part, PART);
    cr_assert_eq(fseek(base_unfinished_stream(u), (long)part * PART, SEEK_SET), 0);
    cr_assert_eq(fwrite(bytes, 1, PART, base_unfinished_stream(u)), PART);
    cr_assert(base_unfinished_written(u, part, &error), "%s", error.text);
}

static bool is_there(const char *name) {
    return base_file_exists(fixture_path(name));
}

static void expect_refused(const char *from, base_unfinished_start start, const char *part) {
    base_error error;
    base_unfinished *u = open_from(from, start, &error);
    cr_expect_null(u);
    cr_expect(error.status == BASE_BAD_INPUT && strstr(error.text, part), "%s", error.text);
}

static void expect_out(const char *text) {
    base_bytes bytes = {0};
    base_error error = {0};
    cr_assert(base_file_read(fixture_path("out"), &bytes, &error), "%s", error.text);
    cr_expect_str_eq(bytes.data, text);
    base_bytes_free(&bytes);
}

/* A user's folder of that name, and a link to one. */
Test(unfinished, folders_of_others_are_refused) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("out.part"), &error));
    fixture_text("out.part/file", "precious");
    expect_refused(origin, BASE_UNFINISHED_NEW, "expected no such folder");
    expect_refused(origin, BASE_UNFINISHED_ANEW, "expected no such folder");
    cr_expect(is_there("out.part/file"));
    cr_assert_eq(rename(fixture_path("out.part"), fixture_path("mine")), 0);
    cr_assert_eq(symlink("mine", fixture_path("out.part")), 0);
    expect_refused(origin, BASE_UNFINISHED_NEW, "expected no such folder");
    cr_expect(is_there("mine/file"));
    cr_assert_eq(unlink(fixture_path("out.part")), 0);
    cr_assert(base_folder_make(fixture_path("out.part"), &error)); /* an empty one is nobody's */
    base_unfinished_leave(open_well(BASE_UNFINISHED_NEW));
}

Test(unfinished, parts_that_are_done_stay_done) {
    base_error error = {0};
    base_unfinished *u = open_well(BASE_UNFINISHED_NEW);
    write_part(u, 3);
    write_part(u, 0);
    cr_expect(base_unfinished_leave(u));
    cr_expect(is_there("out.part/file") && !is_there("out.part/lock") && !is_there("out"));
    u = open_well(BASE_UNFINISHED_RESUME);
    for (size_t i = 0; i < PARTS; i++) {
        cr_expect_eq(base_unfinished_is_done(u, i), i == 0 || i == 3);
        if (!base_unfinished_is_done(u, i))
            write_part(u, i);
    }
    cr_assert(base_unfinished_commit(u, &error), "%s", error.text);
    expect_out("aaabbbcccdddeee");
    cr_expect_not(is_there("out.part"));
}

Test(unfinished, nothing_is_left_where_nothing_is_done) {
    cr_expect_not(base_unfinished_leave(open_well(BASE_UNFINISHED_NEW)));
    cr_expect_not(is_there("out.part"));
}

/* A part whose bytes a kill took along is not done. */
Test(unfinished, a_part_is_done_when_it_is_synced) {
    base_unfinished *u = open_well(BASE_UNFINISHED_NEW), *other;
    write_part(u, 1);
    write_part(u, 2);
    other = open_well(BASE_UNFINISHED_JOIN);
    cr_expect(base_unfinished_is_done(other, 1) && !base_unfinished_is_done(other, 2));
    write_part(other, 4);
    base_unfinished_leave(other);
    base_unfinished_leave(u);
    u = open_well(BASE_UNFINISHED_RESUME);
    for (size_t i = 0; i < PARTS; i++)
        cr_expect_eq(base_unfinished_is_done(u, i), i == 1 || i == 2 || i == 4);
    base_unfinished_leave(u);
}

Test(unfinished, what_does_not_belong_is_refused_and_left) {
    base_error error;
    base_unfinished *u = open_well(BASE_UNFINISHED_NEW);
    expect_refused(origin, BASE_UNFINISHED_RESUME, "out.part is in use by process");
    write_part(u, 1);
    base_unfinished_leave(u);
    expect_refused(origin, BASE_UNFINISHED_NEW, "go on with it by --resume");
    expect_refused("input: 12 bytes\nmodel: b\n", BASE_UNFINISHED_RESUME,
                   "begun with model: a, found model: b");
    expect_refused("input: 12 bytes\n", BASE_UNFINISHED_RESUME,
                   "begun with model: a, found nothing;");
    fixture_write("out.part/file", "short", 5);
    expect_refused(origin, BASE_UNFINISHED_RESUME, "file: found 5 bytes, expected 15");
    fixture_text("out.part/state", "input: 12 bytes\nmodel: a\ndone: .x\n");
    expect_refused(origin, BASE_UNFINISHED_RESUME, "found no marks of 5 parts at byte 31");
    cr_expect(is_there("out.part/file") && is_there("out.part/state"));
    u = open_well(BASE_UNFINISHED_ANEW);
    cr_expect_not(base_unfinished_is_done(u, 1));
    write_part(u, 1);
    cr_expect_not(base_unfinished_commit(u, &(base_error){0}));
    cr_expect_not(is_there("out"));
    fixture_text("other", "");
    cr_assert_eq(rename(fixture_path("other"), fixture_path("out.part/other")), 0);
    u = open_from(origin, BASE_UNFINISHED_RESUME, &error);
    for (size_t i = 0; i < PARTS; i++)
        write_part(u, i);
    cr_expect(base_unfinished_commit(u, &error), "%s", error.text);
    cr_expect(is_there("out.part/other")); /* somebody's own */
}

/* ---- sbert encode ---- */

static const char make_input[] =
    "help >/dev/null; seq 1000000 | sed 's/0/ a b /g; s/[1-9]/ c/g' >$D/in";

/* Runs what follows in the background until a part is done, then sends it the signal. */
#define INTERRUPTED(signal, command)                                                               \
    "help >/dev/null; \"$S\" " command                                                             \
    " 2>$D/err & p=$!; while kill -0 $p && ! grep -q 'done: x' "                                   \
    "$D/x.npy.part/state; do sleep 0.01; done 2>/dev/null; kill -s " signal " $p; wait $p "        \
    "2>/dev/null; echo $?; ls $D | grep '^x.npy'"

Test(unfinished, encode_goes_on_after_a_kill_with_the_same_bytes, .timeout = 200) {
    program_make_model();
    program_expect(make_input, 0, "");
    program_expect("encode $D/m $D/in --out $D/y.npy 2>/dev/null", 0, "");
    program_expect(INTERRUPTED("TERM", "encode $D/m $D/in --out $D/x.npy") "; grep -c 'x.npy is "
                                                                           "unfinished' $D/err",
                   0, "143\nx.npy.part\n1\n");
    program_expect_part("encode $D/m $D/in --out $D/x.npy", 2, "x.npy.part is unfinished");
    program_expect_part("encode $D/m $D/in --out $D/x.npy --resume --prompt a", 2,
                        "begun with prompt: \"\", found prompt: \"a\"");
    program_expect_part("encode $D/m $D/in --out $D/x.npy --resume --truncate-dim 3", 2,
                        "begun with vectors: 1000000 of 8 numbers, found vectors: 1000000 of 3");
    program_expect_part("encode $D/m $D/words.txt --out $D/x.npy --resume", 2, "begun with input");
    program_expect(INTERRUPTED("KILL", "encode $D/m $D/in --threads 1 --out $D/x.npy --resume"), 0,
                   "137\nx.npy.part\n");
    program_expect_part("encode $D/m $D/in --out $D/x.npy --resume", 0,
                        " of 1000000 vectors are done already");
    program_expect("help >/dev/null; cmp $D/x.npy $D/y.npy; ls $D | grep '^x.npy'", 0, "x.npy\n");
    program_expect_part("encode $D/m $D/in --out $D/x.npy --resume", 2, "x.npy: exists already");
}

Test(unfinished, encode_goes_on_with_quantized_vectors, .timeout = 200) {
    program_make_model();
    program_expect(make_input, 0, "");
    program_expect("encode $D/m $D/in --quantize int8 --calibrate $D/words.txt --out $D/y.npy "
                   "2>/dev/null",
                   0, "");
    program_expect(INTERRUPTED("KILL", "encode $D/m $D/in --quantize int8 --calibrate "
                                       "$D/words.txt --out $D/x.npy"),
                   0, "137\nx.npy.part\n");
    program_expect_part("encode $D/m $D/in --quantize int8 --calibrate $D/bert.json --out $D/x.npy "
                        "--resume",
                        2, "begun with quantize: int8, ranges ");
    program_expect("encode $D/m $D/in --quantize int8 --calibrate $D/words.txt --out $D/x.npy "
                   "--resume 2>/dev/null; cmp $D/x.npy $D/y.npy",
                   0, "");
}

Test(unfinished, encode_says_what_resume_needs) {
    program_make_model();
    program_expect_part("encode $D/m $D/words.txt --out $D/x.tsv --resume", 2, "needs an .npy");
    program_expect_part("encode $D/m --out $D/x.npy --resume <$D/words.txt", 2, "needs a file as");
    program_expect_part("encode $D/m $D/words.txt --quantize int8 --out $D/x.npy --resume", 2,
                        "needs --calibrate FILE");
    program_expect_part("encode $D/m $D/words.txt --out $D/x.npy --resume", 0, "10 vectors of 8");
}

Test(unfinished, encode_leaves_nothing_where_there_is_no_room) {
    program_make_model();
    program_expect("help >/dev/null; seq 100000 >$D/in; ulimit -f 100; \"$S\" encode $D/m $D/in "
                   "--out $D/x.npy 2>&1 | grep -o 'x.npy: cannot write: .*'; ls $D | grep -c x.npy",
                   1, "x.npy: cannot write: File too large\n0\n");
}
