#include "baseline/baseline.h"
#include "data/reader.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static data_corpus *read_text(const char *name, const char *text, data_target_kind kind) {
    base_error error = {0};
    data_reader_options options = {.kind = kind};
    data_corpus *corpus = data_read(fixture_text(name, text), &options, &error);
    cr_assert_not_null(corpus, "%s", error.text);
    return corpus;
}

/* Rows whose label hangs on the word "not" in the second text. */
static data_corpus *negations(const char *name, size_t rows) {
    base_bytes text = {0};
    base_error error = {0};
    static const char *const labels[] = {"entailment", "contradiction"};
    cr_assert(base_bytes_format(&text, &error, "gold_label\tsentence1\tsentence2\n"));
    for (size_t i = 0; i < rows; i++)
        cr_assert(base_bytes_format(&text, &error, "%s\tdog %zu runs\tdog %zu does %srun\n",
                                    labels[i % 3 == 0], i % 7, i % 5, i % 3 == 0 ? "not " : ""));
    data_corpus *corpus = read_text(name, text.data, DATA_TARGET_CLASS);
    base_bytes_free(&text);
    return corpus;
}

Test(evaluators, the_table_is_complete) {
    for (size_t i = 0; eval_evaluator_at(i); i++) {
        const eval_def *def = eval_evaluator_at(i);
        cr_expect_eq(eval_evaluator_find(def->name), def);
        cr_expect_gt(strlen(eval_evaluator_summary(def->name)), 0);
        cr_expect_not_null(def->measures[0].name);
        cr_expect_not_null(def->run);
    }
    cr_expect_null(eval_evaluator_find("none"));
}

/* Expects that reading is refused with one sentence, `part` in it. */
static void expect_unread(const char *kind, const data_reader_options *how, const char *text,
                          const char *part) {
    base_error error = {0};
    eval_data data;
    cr_expect_not(
        eval_data_read(eval_evaluator_find(kind), fixture_text("d.tsv", text), how, &data, &error));
    cr_expect(error.status == BASE_BAD_INPUT && strstr(error.text, part), "%s", error.text);
    eval_data_free(&data);
}

Test(evaluators, what_does_not_fit_is_refused_before_the_model_is_asked) {
    static const char scored[] = "score\tsentence1\tsentence2\n1\ta\tb\n",
                      labelled[] = "gold_label\tsentence1\tsentence2\nneutral\ta\tb\n";
    data_reader_options none = {0}, three = {.columns = 3, .column = {"a", "b", "c"}};
    expect_unread("sts", &none, labelled, "\"score\"");
    expect_unread("nli", &none, scored, "\"gold_label\"");
    expect_unread("sts", &three, scored, "found 3 text columns, expected 2");
    eval_subject nobody = {0};
    eval_data data;
    eval_result out;
    base_error error = {0};
    cr_assert(eval_data_read(eval_evaluator_find("nli"), fixture_text("n.tsv", labelled), &none,
                             &data, &error));
    cr_expect_not(eval_run(&nobody, &data, &out, &error));
    cr_expect_not_null(strstr(error.text, "head"));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    eval_data_free(&data);
}

Test(evaluators, the_baseline_learns_what_a_word_tells) {
    data_corpus *train = negations("train.tsv", 60), *test = negations("test.tsv", 30);
    base_error error = {0};
    eval_result r = {0}, again = {0};
    cr_assert(baseline_nli(train, test, 7, &r, &error), "%s", error.text);
    cr_expect_float_eq(eval_result_get(&r, "accuracy").value, 1, 0);
    cr_expect_float_eq(eval_result_get(&r, "majority_accuracy").value, 2.0 / 3, 1e-12);
    cr_expect_not_null(eval_result_get(&r, "none").undefined);
    cr_assert(baseline_nli(train, test, 7, &again, &error));
    const eval_table *t = &r.table[0];
    cr_expect_eq(t->rows, 3);
    cr_expect_str_eq(t->column[1], "neutral");
    cr_expect_arr_eq(t->cell, again.table[0].cell, t->rows * t->columns * sizeof *t->cell);
    eval_result_free(&r);
    eval_result_free(&again);
    data_corpus_free(train);
    data_corpus_free(test);
}

Test(evaluators, the_baseline_correlates_word_overlap_with_scores) {
    data_corpus *corpus = read_text("s.tsv",
                                    "score\tsentence1\tsentence2\n5\ta b c\tc b a\n"
                                    "3\ta b c d\ta b x y\n0\ta b\tc d\n",
                                    DATA_TARGET_SCORE);
    eval_result r = {0};
    base_error error = {0};
    cr_assert(baseline_sts(corpus, &r, &error), "%s", error.text);
    cr_expect_float_eq(eval_result_get(&r, "spearman_cosine").value, 1, 1e-12);
    cr_expect_float_eq(eval_result_get(&r, "pearson_cosine").value, 0.9933992677987828, 1e-12);
    eval_result_free(&r);
    data_corpus_free(corpus);
}

/* What an evaluator of retrieval could give, with a second file that lacks a number. */
static void fill_retrieval(eval_result *r, bool whole) {
    base_error error = {0};
    *r = (eval_result){.counted = "queries", .examples = 7};
    cr_assert(eval_result_add(r, &(eval_measure){"ndcg@10", false, false}, "cosine",
                              (eval_value){0.5, NULL}, &error));
    cr_assert(eval_result_add(r, &(eval_measure){"ndcg@10", false, false}, "dot",
                              (eval_value){0.25, NULL}, &error));
    if (whole)
        cr_assert(eval_result_add(r, &(eval_measure){"mrr@10", false, false}, "dot",
                                  (eval_value){0.125, NULL}, &error));
    cr_assert(eval_result_add(r, &(eval_measure){"mrr@10", false, false}, "cosine",
                              (eval_value){0, "no query"}, &error));
    cr_assert(eval_result_add(r, &(eval_measure){"threshold", true, false}, "",
                              (eval_value){0.71, NULL}, &error));
    static const char *const row[] = {"a name that is far too long", "\xc3\xa9"};
    static const char *const column[] = {"x", "y", "z"};
    eval_table *t = eval_result_add_table(r, "found", "cut \\ kind", row, 2, column, 3, &error);
    cr_assert_not_null(t);
    t->cell[5] = 1.5;
}

Test(evaluators, a_result_of_any_form_is_printed_without_a_printer_of_its_own) {
    eval_result r[2];
    const char *files[] = {"one", "t\x1bo"};
    base_bytes text = {0};
    base_error error = {0};
    fill_retrieval(&r[0], true);
    fill_retrieval(&r[1], false);
    cr_assert(eval_results_text(&text, r, files, 2, &error), "%s", error.text);
    cr_expect_str_eq(text.data,
                     " queries  x 100         cosine        dot  file\n"
                     "       7  ndcg@10        50.00      25.00  one\n"
                     "       7  mrr@10             -      12.50  one\n"
                     "       7  ndcg@10        50.00      25.00  t\\x1bo\n"
                     "       7  mrr@10             -          -  t\\x1bo\n"
                     " queries                        file\n"
                     "       7  threshold       0.71  one\n"
                     "       7  threshold       0.71  t\\x1bo\n"
                     "\nfound of one\n"
                     "        cut \\ kind              x              y              z\n"
                     " a name that is fa              0              0              0\n"
                     "                 \xc3\xa9              0              0            1.5\n"
                     "\nfound of t\\x1bo\n"
                     "        cut \\ kind              x              y              z\n"
                     " a name that is fa              0              0              0\n"
                     "                 \xc3\xa9              0              0            1.5\n");
    text.size = 0;
    base_json_writer w = {.out = &text, .error = &error};
    base_json_open(&w, NULL, '{');
    eval_result_json(&w, &r[1]);
    base_json_close(&w, '}');
    cr_expect_str_eq(text.data,
                     "{\"queries\":7,\"skipped\":0,\"truncated\":0,\"ndcg@10_cosine\":0.5,"
                     "\"ndcg@10_dot\":0.25,\"mrr@10_cosine\":null,\"threshold\":0.71,"
                     "\"found\":{\"rows\":[\"a name that is far too long\",\"\xc3\xa9\"],"
                     "\"columns\":[\"x\",\"y\",\"z\"],\"cells\":[[0,0,0],[0,0,1.5]]}}");
    base_bytes_free(&text);
    eval_result_free(&r[0]);
    eval_result_free(&r[1]);
}
