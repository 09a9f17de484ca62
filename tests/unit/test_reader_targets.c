/* What the readers make of scores and labels. */
#include "tests/fixture.h"
#include "tests/reading.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#define HEAD "sentence1\tsentence2\tgold_label\n"
#define SCORES "score\tsentence1\tsentence2\n"

static const data_reader_options with_found_labels = {.kind = DATA_TARGET_CLASS,
                                                      .find_labels = true};

Test(reader_targets, scores_and_labels_of_other_names_and_ranges) {
    data_reader_options options = {
        .kind = DATA_TARGET_SCORE, .target = "sim", .score_low = -1, .score_high = 1};
    data_corpus *corpus = reading_well(
        fixture_text("s.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"sim\":-0.25e0}\n"),
        options);
    cr_expect_float_eq(reading_row(corpus, 0).score, -0.25, 0);
    data_corpus_free(corpus);
    const char *names[] = {"1", "0"};
    const uint32_t values[] = {5, 6};
    options = (data_reader_options){.kind = DATA_TARGET_CLASS,
                                    .target = "label",
                                    .labels = 2,
                                    .label_name = names,
                                    .label_value = values,
                                    .skip_label = "-1"};
    corpus = reading_well(fixture_text("l.jsonl",
                                       "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":1}\n"
                                       "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":-1}\n"
                                       "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":\"0\"}"),
                          options);
    cr_expect_eq(data_corpus_skipped(corpus), 1);
    cr_expect_eq(reading_row(corpus, 0).label, 5);
    cr_expect_eq(reading_row(corpus, 1).label, 6);
    cr_expect_eq(reading_row(corpus, 1).line, 3);
    data_corpus_free(corpus);
}

Test(reader_targets, scores_must_be_numbers_in_range) {
    const char *const wrong[] = {"5.001", "-0.1", "nan", "inf", "0x1p1", "1,5",
                                 " 1",    "1 ",   "",    "1e",  "."};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[200], message[200];
        snprintf(text, sizeof text, SCORES "5\ta\tb\n%s\tc\td\n", wrong[i]);
        snprintf(message, sizeof message,
                 "score.tsv: line 3, column 1: found score \"%s\", expected a number from 0 to 5",
                 wrong[i]);
        data_reader_options options = reading_scores;
        options.score_high = 5;
        reading_fails(fixture_text("score.tsv", text), options, message);
    }
}

Test(reader_targets, scores_have_the_range_that_is_declared_or_the_format_has_or_none) {
    double low, high, least, most;
    const char *path = fixture_text("s.tsv", SCORES "-7\ta\tb\n1e9\tc\td\n");
    data_corpus *corpus = reading_well(path, reading_scores);
    cr_expect_not(data_corpus_range(corpus, &low, &high));
    data_corpus_scores(corpus, &least, &most);
    cr_expect(least == -7 && most == 1e9);
    cr_expect_float_eq(data_corpus_unit_score(corpus, 0), -7, 0);
    data_corpus_free(corpus);
    reading_fails(fixture_text("nan.tsv", SCORES "nan\ta\tb\n"), reading_scores,
                  "nan.tsv: line 2, column 1: found score \"nan\", expected a number");
    path = fixture_text("sts.csv", "g\tf\ty\ti\t2.5\ta\tb\n");
    corpus = reading_well(path, reading_scores);
    cr_expect(data_corpus_range(corpus, &low, &high) && low == 0 && high == 5);
    cr_expect_float_eq(data_corpus_unit_score(corpus, 0), 0.5, 0);
    data_corpus_free(corpus);
    data_reader_options declared = reading_scores;
    declared.score_low = 2;
    declared.score_high = 3;
    corpus = reading_well(path, declared);
    cr_expect(data_corpus_range(corpus, &low, &high) && low == 2 && high == 3);
    data_corpus_free(corpus);
}

Test(reader_targets, numbers_do_not_depend_on_the_locale) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        cr_skip_test("no locale with a decimal comma is installed");
    data_corpus *corpus =
        reading_well(fixture_text("locale.tsv", SCORES "2.5\ta\tb\n"), reading_scores);
    cr_expect_float_eq(reading_row(corpus, 0).score, 2.5, 0);
    data_corpus_free(corpus);
    reading_fails(fixture_text("comma.tsv", SCORES "2,5\ta\tb\n"), reading_scores,
                  "comma.tsv: line 2, column 1: found score \"2,5\", expected a number");
}

static void expect_labels(const data_corpus *corpus, size_t count, const char *const *names,
                          const uint32_t *values) {
    cr_assert_eq(data_corpus_labels(corpus), count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(data_corpus_label_name(corpus, i), names[i]);
        cr_expect_eq(data_corpus_label_value(corpus, i), values[i]);
    }
}

Test(reader_targets, labels_are_found_in_the_order_of_their_first_appearance) {
    const char *path = fixture_text(
        "l.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"gold_label\":true}\n"
                   "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"gold_label\":\"-\"}\n"
                   "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"gold_label\":7}\n"
                   "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"gold_label\":\"true\"}\n"
                   "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"gold_label\":false}\n");
    const char *paths[] = {path, NULL};
    char kept[300];
    snprintf(kept, sizeof kept, "%s", path);
    paths[0] = kept;
    paths[1] = fixture_text("m.tsv", HEAD "a\tb\tmore\na\tb\t7\n");
    base_error error = {0};
    data_corpus *corpus = data_read_files(paths, 2, &with_found_labels, &error);
    cr_assert_not_null(corpus, "%s", error.text);
    expect_labels(corpus, 4, (const char *const[]){"true", "7", "false", "more"},
                  (const uint32_t[]){0, 1, 2, 3});
    static const uint32_t rows[] = {0, 1, 0, 2, 3, 1};
    cr_assert_eq(data_corpus_rows(corpus), 6);
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(data_corpus_label(corpus, i), rows[i]);
    data_corpus_free(corpus);
    reading_fails(
        fixture_text("half.tsv", HEAD "a\tb\t1\na\tb\t0.5\n"), with_found_labels,
        "half.tsv: line 3, column 5: found gold_label \"0.5\", expected a label: a text or "
        "a whole number");
    reading_fails(fixture_text("none.tsv", HEAD "a\tb\t\n"), with_found_labels,
                  "none.tsv: line 2, column 5: found gold_label \"\", expected a label");
    base_bytes many = {0};
    cr_assert(base_bytes_format(&many, &error, HEAD));
    for (int i = 0; i <= DATA_MOST_LABELS; i++)
        cr_assert(base_bytes_format(&many, &error, "a\tb\tid %d\n", i));
    reading_fails(fixture_text("ids.tsv", many.data), with_found_labels,
                  "ids.tsv: line 1002, column 5: found gold_label \"id 1000\", expected one of the "
                  "labels before it, of which there are 1000");
    base_bytes_free(&many);
}

Test(reader_targets, usual_labels_that_are_found_have_the_usual_numbers) {
    data_corpus *corpus = reading_well(
        fixture_text("u.tsv", HEAD "a\tb\tcontradiction\na\tb\tentailment\n"), with_found_labels);
    expect_labels(corpus, 3, (const char *const[]){"contradiction", "entailment", "neutral"},
                  (const uint32_t[]){2, 0, 1});
    cr_expect_eq(data_corpus_label(corpus, 0), 2);
    cr_expect_eq(data_corpus_label(corpus, 1), 0);
    data_corpus_free(corpus);
}
