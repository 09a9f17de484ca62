/* By what the best model is kept: metrics, means of several, those that fall. */
#include "base/file.h"
#include "base/json.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(evaluation_choice, .init = tiny_corpora);

enum { MOST_LINES = 64 };

/* evaluations.jsonl of the run. */
typedef struct lines {
    cJSON *line[MOST_LINES];
    size_t count;
} lines;

static lines read_lines(void) {
    base_bytes text = {0};
    base_error error = {0};
    lines l = {0};
    cr_assert(base_file_read(fixture_path("run/evaluations.jsonl"), &text, &error));
    for (char *at = text.data, *end; (end = strchr(at, '\n')) && l.count < MOST_LINES; at = end + 1)
        cr_assert_not_null(l.line[l.count++] = cJSON_ParseWithLength(at, (size_t)(end - at)));
    base_bytes_free(&text);
    return l;
}

static void free_lines(lines *l) {
    for (size_t i = 0; i < l->count; i++)
        cJSON_Delete(l->line[i]);
}

static double number(const cJSON *line, const char *key) {
    const cJSON *item = base_json_get(line, key);
    cr_assert(cJSON_IsNumber(item), "%s", key);
    return item->valuedouble;
}

/* The score of an evaluation is told by the first of its `entries` lines. Expects that the outcome
 * has the best of those after step 0. */
static void expect_best(const lines *l, size_t entries, double sign, const tiny_run_result *r) {
    double best = -HUGE_VAL;
    size_t step = 0;
    for (size_t i = entries; i < l->count; i += entries) {
        double score = number(base_json_get(l->line[i], "decides"), "score");
        if (sign * score > best) {
            best = sign * score;
            step = (size_t)number(l->line[i], "step");
        }
    }
    cr_expect_float_eq(r->outcome.best, sign * best, 1e-12);
    cr_expect_eq(r->outcome.best_step, step);
}

/* evaluation.data=[...] with the folder of the test for each "%s". */
static const char *entries(char set[2000], const char *form) {
    const char *folder = fixture_folder();
    snprintf(set, 2000, form, folder, folder, folder);
    return set;
}

#define BINARY                                                                                     \
    "{\"data\":\"%s/nli.tsv\",\"kind\":\"binary\",\"labels\":{\"entailment\":1,\"neutral\":0,"     \
    "\"contradiction\":0}}"

Test(evaluation_choice, the_mean_of_several_metrics_decides) {
    char set[2000];
    const char *sets[] = {entries(set, "evaluation.data=[{\"data\":\"%s/sts.tsv\"}," BINARY "]"),
                          "evaluation.metric=[\"pearson_dot\",\"ap_cosine\",\"spearman_cosine\"]",
                          "evaluation.every=2", "epochs=1", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    lines l = read_lines();
    cr_assert_eq(l.count, 12, "two lines at the start and after each of 5 evaluations");
    for (size_t i = 0; i < l.count; i += 2) {
        const cJSON *decides = base_json_get(l.line[i], "decides");
        double mean = (number(l.line[i], "pearson_dot") + number(l.line[i + 1], "ap_cosine") +
                       number(l.line[i], "spearman_cosine")) /
                      3;
        cr_expect_float_eq(number(decides, "score"), mean, 1e-12);
        cr_expect_str_eq(base_json_get(decides, "metric")->valuestring,
                         "mean of pearson_dot, ap_cosine, spearman_cosine");
        cr_expect_null(base_json_get(l.line[i + 1], "decides"));
    }
    expect_best(&l, 2, 1, &r);
    free_lines(&l);
}

Test(evaluation_choice, a_name_that_comes_again_is_of_the_next_entry) {
    char set[2000];
    const char *sets[] = {
        entries(set, "evaluation.data=[" BINARY ",{\"data\":\"%s/sts.tsv\"},"
                     "{\"data\":\"%s/sts.tsv\",\"columns\":[\"sentence1\",\"sentence1\"]}]"),
        "evaluation.metric=[\"spearman_euclidean\",\"spearman_cosine\"]", "epochs=1", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    lines l = read_lines();
    cr_assert_not_null(base_json_get(l.line[1], "decides"), "the first entry that has a metric");
    free_lines(&l);
    sets[1] = "evaluation.metric=[\"accuracy_dot\",\"accuracy_dot\"]";
    base_error error = {0};
    tiny_run_result r;
    cr_expect_not(tiny_run(sets, TRAIN_OVERWRITE, 0, &r, &error));
    cr_expect(strstr(error.text, "accuracy_dot") && strstr(error.text, "no further one"), "%s",
              error.text);
}

#define MSE                                                                                        \
    "{\"data\":\"%s/pairs.tsv\",\"kind\":\"mse\",\"columns\":[\"sentence1\"],\"teacher\":"         \
    "\"%s/teacher\"}"

Test(evaluation_choice, an_error_is_better_when_it_is_smaller) {
    char set[2000];
    tiny_folder("teacher");
    const char *sets[] = {entries(set, "evaluation.data=[" MSE "]"), "evaluation.every=2",
                          "learning_rate=0.05", "epochs=1", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    lines l = read_lines();
    cr_expect(
        cJSON_IsTrue(base_json_get(base_json_get(l.line[0], "decides"), "smaller_is_better")));
    cr_expect_gt(r.outcome.best, 0);
    expect_best(&l, 1, -1, &r);
    free_lines(&l);
}

Test(evaluation_choice, in_a_mean_an_error_counts_negative_beside_others) {
    char set[2000];
    tiny_folder("teacher");
    const char *sets[] = {entries(set, "evaluation.data=[" MSE ",{\"data\":\"%s/sts.tsv\"}]"),
                          "evaluation.metric=[\"mse\",\"pearson_dot\"]", "epochs=1", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    lines l = read_lines();
    double mean = (number(l.line[1], "pearson_dot") - number(l.line[0], "mse")) / 2;
    cr_expect_float_eq(number(base_json_get(l.line[0], "decides"), "score"), mean, 1e-12);
    expect_best(&l, 2, 1, &r);
    free_lines(&l);
}

Test(evaluation_choice, the_loss_of_other_rows_decides_and_is_that_of_the_saved_model) {
    char set[2000];
    const char *sets[] = {entries(set,
                                  "evaluation.data=[{\"data\":\"%s/nli.tsv\",\"kind\":\"loss\"},"
                                  "{\"data\":\"%s/nli.tsv\",\"kind\":\"loss\",\"when\":\"test\"}]"),
                          "evaluation.every=3", "epochs=1", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    lines l = read_lines();
    cJSON *test = l.line[--l.count];
    cr_expect_float_eq(number(test, "loss"), r.outcome.best, 1e-6);
    cJSON_Delete(test);
    expect_best(&l, 1, -1, &r);
    free_lines(&l);
    program_expect_part("eval $D/run --loss $D/nli.tsv --batch 4", 0, "loss");
    program_expect_part("eval $D/run --loss $D/sts.tsv --objective cosine --score-range 0,5", 0,
                        "rows");
    program_expect_part("eval $D/run --loss $D/sts.tsv --objective cosine", 2,
                        "no ends of their scale");
    program_expect_part("eval $D/run --loss $D/pairs.tsv --objective softmax", 2, "has parameters");
    program_expect_part("eval $D/run --loss $D/pairs.tsv --objective gist", 2, "needs more");
    program_expect_part("eval $D/run --loss $D/pairs.tsv --objective adaptive_layer", 2,
                        "adaptive_layer needs more");
    program_expect_part("eval $D/run --loss $D/nli.tsv --objective batch_hard_triplet --columns "
                        "sentence=sentence1",
                        0, "loss");
    program_expect_part("eval $D/run --loss $D/nli.tsv --objective batch_hard_triplet", 2,
                        "sentence");
    program_expect_part("eval $D/run --loss $D/nli.tsv --objective batch_hard_triplet --columns "
                        "sentence=sentence1 --batch 2",
                        2,
                        "the batch of 2 rows from line 2 on has no two rows of one label, expected "
                        "two rows of a label and one of another for the loss batch_hard_triplet");
    program_expect_part("eval --baseline --sts $D/sts.tsv --objective mnrl", 2,
                        "--objective is of models");
    program_expect_part("eval $D/run --sts $D/sts.tsv --positive 1", 2,
                        "found --positive, expected none without an evaluator that uses it, such "
                        "as --binary");
    program_expect_part("eval $D/run --loss $D/pairs.tsv --objective mnrl --batch 1", 2,
                        "for the loss mnrl, expected at least 2 in each");
    program_expect_part("eval $D/run --sts $D/sts.tsv --batch 4", 2, "--loss");
    program_expect_part("eval tests/golden/tiny/model --loss $D/pairs.tsv", 2,
                        "needs --objective LOSS");
}

Test(evaluation_choice, the_loss_of_rows_held_out) {
    const char *sets[] = {"train.data.0.held_out=0.2", "epochs=1",
                          "evaluation.data=[{\"data\":\"train.data[0]\",\"kind\":\"loss\"}]", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    lines l = read_lines();
    cr_expect_lt(number(l.line[0], "rows"), 40);
    expect_best(&l, 1, -1, &r);
    free_lines(&l);
}

typedef struct bad {
    const char *set, *part;
} bad;

Test(evaluation_choice, entries_that_do_not_fit_are_refused) {
    static const bad all[] = {
        {"evaluation.data=[{\"data\":\"%s/pairs.tsv\",\"kind\":\"mse\"}]",
         "evaluation.data[0].teacher is missing"},
        {"evaluation.data=[{\"data\":\"%s/sts.tsv\",\"teacher\":\"x\"}]",
         "evaluation.data[0].teacher is set, but the kind sts takes none"},
        {"evaluation.data=[{\"data\":\"%s/pairs.tsv\",\"kind\":\"mse\",\"columns\":[\"sentence1\"],"
         "\"teacher\":\"tests/golden/tiny/model\"}]",
         "the teacher's embeddings have"},
        {"evaluation.data=[{\"data\":\"%s/pairs.tsv\",\"kind\":\"triplet\"}]", "anchor"},
        {"evaluation.data=[{\"data\":\"%s/pairs.tsv\",\"kind\":\"loss\"}]", "gold_label"},
        {"evaluation.data=[{\"data\":\"%s/nli.tsv\",\"kind\":\"loss\",\"columns\":"
         "[\"sentence1\"]}]",
         "found 1 text columns for the loss softmax"},
        {"evaluation.data=[{\"data\":\"%s/nli.tsv\",\"kind\":\"triplet\",\"columns\":"
         "[\"sentence1\",\"sentence2\"]}]",
         "found 2 text columns, expected 3"},
        {"evaluation.data=[{\"data\":\"%s\",\"kind\":\"retrieval\"}]", "found no corpus.jsonl"},
        {"evaluation.data=[{\"data\":\"tests/golden/evaluators/retrieval0\",\"kind\":"
         "\"retrieval\",\"format\":\"tsv\"}]",
         "expected no format"},
        {"evaluation.data=[{\"data\":\"%s/nli.tsv\",\"kind\":\"binary\"}]",
         "expected among them 1, the label of pairs that belong together"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char set[2000];
        const char *sets[] = {entries(set, all[i].set), NULL};
        base_error error = {0};
        tiny_run_result r;
        cr_expect_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error), "%s", all[i].part);
        cr_expect_eq(error.status, BASE_BAD_INPUT, "%s", all[i].part);
        cr_expect(strstr(error.text, all[i].part), "%s, expected %s", error.text, all[i].part);
    }
}

/* A key of an entry that its evaluator would not look at, labels that leave no pairs to tell apart:
 * the run is refused before it trains. */
Test(evaluation_choice, entries_whose_keys_would_do_nothing_are_refused) {
    static const struct refused {
        const char *keys, *file, *message;
    } table[] = {
        {"\"kind\":\"translation\",\"target\":\"score\"", "pairs.tsv",
         "evaluation.data[0].target is set, but the kind translation takes no target"},
        {"\"labels\":{\"a\":1,\"b\":0}", "sts.tsv",
         "evaluation.data[0].labels is set, but the kind sts takes no labels"},
        {"\"kind\":\"loss\",\"labels\":{\"a\":1,\"b\":0}", "pairs.tsv",
         "evaluation.data[0].labels is set, but the loss mnrl takes no labels"},
        {"\"kind\":\"binary\",\"labels\":{\"entailment\":0,\"neutral\":0,\"contradiction\":0}",
         "nli.tsv", "evaluation.data[0].labels has no number 1, expected a label 1 of pairs"},
        {"\"kind\":\"mining\",\"labels\":{\"entailment\":0,\"neutral\":0,\"contradiction\":0}",
         "nli.tsv", "evaluation.data[0].labels has no number 1, expected a label 1 of pairs"},
        {"\"kind\":\"binary\",\"labels\":{\"x\":1,\"entailment\":0,\"neutral\":0,"
         "\"contradiction\":0}",
         "nli.tsv", "evaluation.data[0].labels gives the number 1 to no row of"},
        {"\"kind\":\"binary\",\"labels\":{\"x\":0,\"entailment\":1,\"neutral\":1,"
         "\"contradiction\":1}",
         "nli.tsv", "evaluation.data[0].labels gives the number 1 to every row of"},
        {"\"kind\":\"mining\"", "nli.tsv", "tiny.json: evaluation.data[0]: "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        base_error error = {0};
        tiny_run_result r;
        char *set = base_format("evaluation.data=[{\"data\":\"%s\",%s}]",
                                fixture_path(table[i].file), table[i].keys);
        const char *sets[] = {set, "train.data.0.loss=mnrl", NULL};
        cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error), "%s", table[i].keys);
        cr_expect(strstr(error.text, table[i].message), "%s", error.text);
        free(set);
    }
}
