/* `sbert predict`: the trained head on pairs without labels. */
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(predict, .init = tiny_corpora);

/* accuracy of `eval` on nli.tsv */
static double evaluated(void) {
    base_bytes out = {0};
    cr_assert_eq(program_run("eval $D/run/model --nli $D/nli.tsv --json", &out), 0);
    double accuracy = atof(strstr(out.data, "\"accuracy\": ") + 12);
    base_bytes_free(&out);
    return accuracy;
}

Test(predict, a_row_has_its_likeliest_label_and_probabilities_that_sum_to_one) {
    static const char *const label[] = {"entailment", "neutral", "contradiction"};
    tiny_run_well(NULL, TRAIN_NEW, 0);
    base_bytes out = {0};
    cr_assert_eq(program_run("predict $D/run/model $D/nli.tsv --threads 1 | "
                             "paste - $D/nli.tsv",
                             &out),
                 0);
    char *line = strtok(out.data, "\n");
    cr_expect_eq(strncmp(line, "label\tentailment\tneutral\tcontradiction\t", 39), 0, "%s", line);
    size_t rows = 0, right = 0;
    for (; (line = strtok(NULL, "\n")); rows++) {
        char found[20], gold[20];
        double p[3];
        cr_assert_eq(sscanf(line, "%19s %lf %lf %lf %19s", found, &p[0], &p[1], &p[2], gold), 5);
        cr_expect_float_eq(p[0] + p[1] + p[2], 1, 2e-6);
        size_t best = p[1] > p[0] ? 1 : 0;
        best = p[2] > p[best] ? 2 : best;
        cr_expect_str_eq(found, label[best]);
        right += !strcmp(found, gold);
    }
    cr_expect_eq(rows, 40);
    cr_expect_float_eq((double)right / (double)rows, evaluated(), 1e-9);
    base_bytes_free(&out);
}

Test(predict, takes_pairs_without_labels_and_refuses_models_without_a_head) {
    const char *sets[] = {"max_steps=1", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    program_expect_part("predict $D/run/model <$D/pairs.tsv | wc -l", 0, "25");
    program_expect_part("predict $D/run/model $D/none.tsv", 2, "none.tsv");
    program_expect_part("predict $D/run/model $D/pairs.tsv --columns c=d", 2, "expected A=B");
    program_expect("help >/dev/null; rm -r $D/run/model/loss", 0, "");
    program_expect_part("predict $D/run/model $D/nli.tsv", 2, "no trained head with classes");
}
