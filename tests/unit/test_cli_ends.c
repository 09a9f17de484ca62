/* How a command ends before its work is done: signals, outputs that cannot be written. */
#include "base/file.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two files, while the second is still waited for. */
Test(cli_ends, a_signal_ends_eval_while_it_waits_for_a_file, .timeout = 60) {
    program_make_model();
    fixture_text("s.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4\tb\ta b\n2\ta\tc b\n");
    program_expect("help >/dev/null; mkfifo $D/p; (sleep 30 >$D/p & echo $! >$D/pid); \"$S\" eval "
                   "$D/m --sts $D/s.tsv $D/p 2>/dev/null & sleep 1; kill -TERM $!; date +%s >$D/t; "
                   "wait $!; echo $?; [ $(($(date +%s) - $(cat $D/t))) -lt 3 ] && echo at once; "
                   "kill $(cat $D/pid)",
                   0, "143\nat once\n");
}

Test(cli_ends, a_signal_gives_128_and_its_number) {
    program_make_model();
    program_expect("help >/dev/null; (sleep 3 | timeout --preserve-status -s TERM 0.3 \"$S\" "
                   "encode $D/m --out $D/x.npy 2>/dev/null); (sleep 3 | { timeout "
                   "--preserve-status -s TERM 0.3 \"$S\" encode $D/m --out $D/x.npy; echo $?; })",
                   0, "143\n");
}

/* Lines of 39 columns at most, each written over the one before, the last one removed. */
Test(cli_ends, long_work_shows_a_line_on_a_terminal_alone, .timeout = 100) {
    program_make_model();
    base_bytes out = {0};
    static const char work[] = "help >/dev/null; seq 500000 >$D/in; \"$S\" encode $D/m $D/in "
                               "--out $D/x.npy --overwrite --threads 1";
    cr_expect_eq(program_run_on_terminal(work, 40, &out), 0);
    const char *left = strstr(out.data, " left  ");
    cr_assert_not_null(left, "%s", out.data);
    cr_expect_not_null(strstr(left, "/500000 sente"));
    for (const char *at = out.data; (at = strchr(at, '\r')); at++)
        cr_expect_leq(strcspn(at + 1, "\r\n\x1b"), 39);
    cr_expect_not_null(strstr(out.data, "\r\x1b[K"));
    char *plain = base_format("%s 2>&1", work);
    program_run(plain, &out);
    cr_expect_null(strstr(out.data, " left  "));
    cr_expect_null(strchr(out.data, '\r'));
    free(plain);
    static const char tokenizing[] = "help >/dev/null; cat $D/in $D/in $D/in $D/in $D/in >$D/more; "
                                     "\"$S\" tokenize $D/m $D/more >/dev/null";
    cr_expect_eq(program_run_on_terminal(tokenizing, 30, &out), 0);
    cr_expect_not_null(strstr(out.data, " sentences  "), "%s", out.data);
    base_bytes_free(&out);
}

/* Stops `sbert WORK` in the middle: when the command `ready` of a shell is through. */
static void expect_ends_soon(const char *work, const char *ready) {
    base_bytes out = {0};
    char *stopped =
        base_format("help >/dev/null; \"$S\" %s --threads 1 >$D/out 2>$D/err & %s; kill -INT $!; "
                    "date +%%s%%N; wait $!; code=$?; date +%%s%%N; exit $code",
                    work, ready);
    cr_expect_eq(program_run(stopped, &out), 130, "%s", work);
    double sent = atof(out.data), ended = atof(strchr(out.data, '\n'));
    cr_expect_lt(ended - sent, 3e9, "%s took %g s to end", work, (ended - sent) / 1e9);
    free(stopped);
    base_bytes_free(&out);
}

/* A model and pairs that take many seconds to encode. */
Test(cli_ends, a_signal_stops_evaluations_and_similarity_at_once, .timeout = 100) {
    fixture_text("bert.json", "{\"model_type\": \"bert\", \"hidden_size\": 256, "
                              "\"num_hidden_layers\": 4, \"num_attention_heads\": 4, "
                              "\"intermediate_size\": 1024, \"max_position_embeddings\": 64}");
    fixture_text("words.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n.\n");
    program_expect("init $D/bert.json --vocab $D/words.txt --out $D/m 2>/dev/null; "
                   "{ printf 'score\\tsentence1\\tsentence2\\n'; seq 40000 | awk "
                   "'{print $1 % 5 \"\\ta b c d a b c d a b c d \" $1 \"\\ta a a a a a a a b \" $1 "
                   "* 7}'; } >$D/in.tsv; head -9 $D/in.tsv >$D/few.tsv",
                   0, "");
    expect_ends_soon("eval $D/m --sts $D/in.tsv", "sleep 1.5");
    expect_ends_soon("similarity $D/m --pairs $D/in.tsv", "sleep 1.5");
    fixture_text("c.json", "{\"train\": {\"data\": [{\"data\": \"few.tsv\", \"target\": \"score\", "
                           "\"loss\": \"cosine\", \"score_range\": [0, 5]}]}, "
                           "\"evaluation\": {\"data\": [{\"data\": \"in.tsv\"}], \"every\": 1, "
                           "\"at_start\": false}}");
    expect_ends_soon("train $D/c.json --set model.path=$D/m --set train.data.0.data=$D/few.tsv "
                     "--set evaluation.data.0.data=$D/in.tsv --set output=$D/run --set epochs=2",
                     "while [ ! -s $D/run/log.jsonl ]; do sleep 0.05; done; sleep 0.5");
    program_expect(
        "help >/dev/null; ls $D/run/checkpoints; cat $D/run/evaluations.jsonl; cut -c 1-26 "
        "$D/out | head -1",
        0, "step-000000001\nstopped after step 1 of 2,\n");
}

/* The signal comes while the file is written; SIGHUP stays ignored when it was. */
Test(cli_ends, a_signal_leaves_nothing_half_written, .timeout = 100) {
    static const char each[] =
        "help >/dev/null; seq 400000 >$D/in; for s in INT TERM HUP; do \"$S\" encode $D/m $D/in "
        "--out $D/x.tsv 2>/dev/null & while [ ! -s $D/x.tsv.part-* ]; do sleep 0.01; done; "
        "kill -s $s $!; wait $!; echo $?; ls $D | grep -c x.tsv; done";
    static const char ignored[] =
        "help >/dev/null; trap '' HUP; seq 60000 >$D/in; \"$S\" encode $D/m $D/in --out $D/x.tsv "
        "2>/dev/null & while [ ! -s $D/x.tsv.part-* ]; do sleep 0.01; done; kill -s HUP $!; wait "
        "$!";
    program_make_model();
    signal(SIGHUP, SIG_DFL); /* the tests may run under nohup */
    program_expect(each, 1, "130\n0\n143\n0\n129\n0\n");
    program_expect(ignored, 0, "");
}

/* The signal comes while the folder is written: it waits. */
Test(cli_ends, a_signal_leaves_no_part_of_a_model_folder, .timeout = 100) {
    program_expect(
        "help >/dev/null; seq 30000 | awk '{printf \"w%d\", $1; for (i = 0; i < 50; i++) printf "
        "\" 0.%d\", i; print \"\"}' >$D/v.txt; \"$S\" init $D/v.txt --out $D/v 2>/dev/null & p=$!; "
        "while [ ! -d $D/v.part-$p ] && kill -0 $p 2>/dev/null; do :; done; kill -TERM $p; "
        "wait $p; echo $?; ls $D | grep -c part",
        1, "0\n0\n");
}

Test(cli_ends, output_that_cannot_be_written_is_a_failure) {
    if (!base_file_exists("/dev/full"))
        cr_skip_test("there is no /dev/full");
    program_expect_part("help >/dev/full 2>&1 || echo code $?; true", 0, "code 1");
}

/* The log's reader goes away after three lines; what it did not read is lost, the model is not. */
Test(cli_ends, a_closed_log_does_not_end_training, .timeout = 100) {
    program_make_model();
    fixture_text("sts.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4.5\tb\td d\n2\ta\tc b\n");
    program_expect("help >/dev/null; cd $D; echo '{\"train\": {\"data\": [{\"data\": "
                   "\"sts.tsv\", \"target\": \"score\", \"loss\": \"cosine\", \"score_range\": [0, "
                   "5]}]}, \"model\": "
                   "{\"path\": \"m\"}, \"max_steps\": 400}' >c.json; "
                   "S=$(cd - >/dev/null; realpath \"$S\"); (\"$S\" train c.json --set output=run "
                   "2>&1; echo $? >code) | head -3 >/dev/null; cat code; ls run/model | grep -c "
                   "model.safetensors",
                   0, "141\n1\n");
}

Test(cli_ends, a_closed_output_ends_quietly) {
    program_expect(
        "help >/dev/null; (\"$S\" help --reference config; echo $? >$D/code) 2>$D/said | "
        "true; sleep 0.3; cat $D/code $D/said",
        0, "141\n");
}

Test(cli_ends, a_file_larger_than_the_limit_is_an_error_and_leaves_nothing, .timeout = 100) {
    program_make_model();
    program_expect("help >/dev/null; seq 100000 >$D/in; ulimit -f 100; \"$S\" encode $D/m $D/in "
                   "--out $D/x.tsv 2>&1 | grep -o 'x.tsv: cannot write: .*'; ls $D | grep -c x.tsv",
                   1, "x.tsv: cannot write: File too large\n0\n");
}

/* The model is written before the checkpoint, which is three times as large and does not fit. */
Test(cli_ends, a_write_that_fails_says_what_is_safe, .timeout = 100) {
    program_make_model();
    fixture_text("sts.tsv", "score\tsentence1\tsentence2\n1\ta b\ta c\n4.5\tb\td d\n2\ta\tc b\n");
    fixture_text("c.json",
                 "{\"train\": {\"data\": [{\"data\": \"sts.tsv\", \"target\": \"score\", "
                 "\"loss\": \"cosine\", \"score_range\": [0, 5]}]}, \"model\": {\"path\": \"m\"}, "
                 "\"max_steps\": 8, \"checkpoint\": {\"every\": 0}}");
    program_expect(
        "help >/dev/null; S=$(realpath \"$S\"); cd $D; size=$(wc -c "
        "<m/model.safetensors); ulimit -f $((size / 512 + 2)); \"$S\" train c.json --set "
        "output=run 2>&1 | grep -o 'File too large.*'; \"$S\" info run/model >/dev/null && "
        "echo whole; find run -name '*.part-*'; ls run/checkpoints",
        0, "File too large; safe in run: model/\nwhole\n");
    program_expect_part("help >/dev/null; S=$(realpath \"$S\"); cd $D; \"$S\" train c.json --set "
                        "output=r2 --dry-run",
                        0, "disk        up to ");
}
