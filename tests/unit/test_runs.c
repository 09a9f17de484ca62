/* sbert runs: one line a run. */
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"
#include "train/run_report.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(runs, .init = tiny_corpora);

static tiny_run_result run_into(const char *name, const char *rate) {
    char output[300];
    snprintf(output, sizeof output, "output=%s", fixture_path(name));
    const char *sets[] = {"max_steps=6", "evaluation.every=2", rate, output, NULL};
    return tiny_run_well(sets, TRAIN_NEW, 0);
}

Test(runs, a_report_says_what_the_run_said) {
    base_error error = {0};
    train_run_report r;
    tiny_run_result was = run_into("a", "learning_rate=0.01");
    cr_assert(train_run_report_read(fixture_path("a"), &r, &error), "%s", error.text);
    cr_expect_eq(r.step, 6);
    cr_expect(r.has_best && !r.in_use);
    cr_expect_eq(r.best_step, was.outcome.best_step);
    cr_expect_float_eq(r.best, was.outcome.best, 1e-12);
    cr_expect_float_eq(r.seconds, was.outcome.seconds, 1e-3 * was.outcome.seconds);
    train_run_report_free(&r);
}

Test(runs, the_keys_that_differ_are_columns) {
    base_bytes out = {0};
    char run[100], step[20], score[20], rate[40];
    run_into("a", "learning_rate=0.01");
    run_into("b", "learning_rate=0.005");
    cr_assert_eq(
        program_run("runs $D/a $D/b | sed \"s#$D/##\" | tr -s ' ' | cut -d ' ' -f 1,2,4,7-", &out),
        0);
    char *line = strchr(out.data, '\n');
    cr_expect_eq(strncmp(out.data, "run step score learning_rate\n", 29), 0, "%s", out.data);
    cr_assert(line && sscanf(line, " %99s %19s %19s %39s", run, step, score, rate) == 4);
    cr_expect(!strcmp(run, "a") && !strcmp(step, "6") && !strcmp(rate, "0.01"), "%s", out.data);
    cr_assert_not_null(line = strstr(line, "\nb "));
    cr_expect(strstr(line, " 0.005"), "%s", out.data);
    base_bytes_free(&out);
}

Test(runs, a_folder_that_is_no_run_is_an_error) {
    run_into("a", "learning_rate=0.01");
    program_expect_part("runs $D/a $D", 2, "found no run folder (no log.jsonl in it)");
    program_expect_part("runs $D/none", 2, "none: found no run folder");
    program_expect_part("runs", 2, "too few arguments");
    program_expect_part("help >/dev/null; echo '{\"step\": ' >>$D/a/log.jsonl; \"$S\" runs $D/a", 2,
                        "log.jsonl: line 7");
    program_expect_part("help >/dev/null; printf '{\"st' >>$D/a/evaluations.jsonl; sed -i '$d' "
                        "$D/a/log.jsonl; \"$S\" runs $D/a",
                        0, "spearman_cosine");
}
