/* The stopwatch, and what --profile prints of it. */
#include "base/profile.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

Test(profile, laps_add_up_to_the_time_from_the_first_to_the_last) {
    base_profile p;
    base_profile_start(&p);
    for (size_t i = 0; i < 1000; i++)
        base_profile_lap(&p, i % 2 ? "odd" : "even", "", 2, 3);
    cr_assert_eq(p.rows, 2);
    cr_expect_eq(p.row[0].laps + p.row[1].laps, 1000);
    cr_expect_eq(p.row[1].flops, 1000);
    cr_expect_eq(p.row[1].bytes, 1500);
    cr_expect_float_eq(p.row[0].seconds + p.row[1].seconds, p.last - p.start, 1e-9);
}

Test(profile, one_name_has_a_row_for_each_phase) {
    base_profile p;
    base_profile_start(&p);
    base_profile_lap(&p, "linear", "forward", 0, 0);
    base_profile_lap(&p, "linear", "backward", 0, 0);
    base_profile_lap(&p, "linear", "forward", 0, 0);
    cr_expect_eq(p.rows, 2);
    cr_expect_eq(p.row[0].laps, 2);
}

Test(profile, a_full_table_counts_on_in_its_last_row) {
    static char names[BASE_PROFILE_ROWS + 5][8];
    base_profile p;
    base_profile_start(&p);
    for (size_t i = 0; i < BASE_PROFILE_ROWS + 5; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        base_profile_lap(&p, names[i], "", 0, 0);
    }
    cr_expect_eq(p.rows, BASE_PROFILE_ROWS);
    cr_expect_eq(p.row[BASE_PROFILE_ROWS - 1].laps, 6);
    base_profile_lap(NULL, "nothing", "", 0, 0);
}

/* The rows of a printed profile; *all gets the wall clock of its last line. */
static double sum_rows(char *text, double *all) {
    double sum = 0, seconds, last = 0;
    *all = 0;
    for (char *line; (line = strtok_r(text, "\n", &text));)
        if (strstr(line, " %  ") && sscanf(line, "%lf", &seconds) == 1)
            sum += seconds;
        else if (sscanf(line, "%lf of %lf seconds of the wall clock", &last, all) == 2)
            cr_expect_float_eq(last, *all, 0.03 * *all + 0.002);
    return sum;
}

static void expect_profile(const char *arguments, const char *const *parts) {
    base_bytes out = {0};
    cr_assert_eq(program_run(arguments, &out), 0, "%s: %s", arguments, out.data);
    for (; *parts; parts++)
        cr_expect(strstr(out.data, *parts), "%s printed %s, expected %s in it", arguments, out.data,
                  *parts);
    double all, sum = sum_rows(out.data, &all);
    cr_expect_gt(all, 0);
    cr_expect_float_eq(sum, all, 0.03 * all + 0.02); /* rows are rounded to milliseconds */
    base_bytes_free(&out);
}

Test(profile, commands_say_where_the_time_went) {
    static const char *const encode[] = {"linear, forward", "tokenizer", "file, written", NULL};
    static const char *const eval[] = {"attention, forward", "scores", NULL};
    tiny_folder("m");
    fixture_text("s.tsv", "score\tsentence1\tsentence2\n1\ta cat\ta dog\n2\tcats\tdog\n3\ta\ta\n");
    expect_profile("encode $D/m $D/s.tsv --out $D/v.npy --profile 2>&1", encode);
    expect_profile("eval $D/m --sts $D/s.tsv --profile 2>&1", eval);
}

Test(profile, training_has_both_phases_and_the_optimizer) {
    static const char *const train[] = {"linear, backward",  "optimizer, norm", "optimizer, update",
                                        "model and corpora", "evaluation",      NULL};
    tiny_folder("m");
    fixture_text("t.tsv", "score\tsentence1\tsentence2\n1\ta cat\ta dog\n2\tcats\tdog\n3\ta\tb\n");
    fixture_text("c.json", "{\"train\": {\"data\": [{\"data\": \"t.tsv\", \"loss\": \"cosine\", "
                           "\"score_range\": [0, 5]}]}}");
    expect_profile("train $D/c.json --set model.path=$D/m --set output=$D/run --set "
                   "train.data.0.data=$D/t.tsv --set 'evaluation.data=[]' --profile 2>&1",
                   train);
}

Test(profile, a_run_that_a_signal_ends_has_its_profile, .timeout = 100) {
    tiny_folder("m");
    fixture_text("t.tsv", "score\tsentence1\tsentence2\n1\ta cat\ta dog\n2\tcats\tdog\n3\ta\tb\n");
    fixture_text("c.json", "{\"train\": {\"data\": [{\"data\": \"t.tsv\", \"loss\": \"cosine\", "
                           "\"score_range\": [0, 5]}]}}");
    program_expect("help >/dev/null; \"$S\" train $D/c.json --set model.path=$D/m --set "
                   "output=$D/run --set train.data.0.data=$D/t.tsv --set 'evaluation.data=[]' "
                   "--set epochs=100000 --set log_every=1 --profile >/dev/null 2>$D/err & "
                   "while kill -0 $! && [ ! -s $D/run/log.jsonl ]; do sleep 0.01; done; "
                   "kill -s INT $!; wait $!; echo $?; grep -c 'of the wall clock' $D/err",
                   0, "130\n1\n");
}
