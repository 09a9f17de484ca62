/* The readers: every format, plain and gzipped, and every way a file can be wrong. */
#include "base/json.h"
#include "data/line_reader.h"
#include "data/reader.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const data_reader_options with_labels = {.kind = DATA_TARGET_CLASS};
static const data_reader_options with_scores = {.kind = DATA_TARGET_SCORE};
static const data_reader_options with_found_labels = {.kind = DATA_TARGET_CLASS,
                                                      .find_labels = true};

static data_corpus *read_well(const char *path, data_reader_options options) {
    base_error error = {0};
    data_corpus *corpus = data_read(path, &options, &error);
    cr_assert_not_null(corpus, "%s", error.text);
    return corpus;
}

/* The file's base name replaces its folder, so that messages can be compared whole. */
static void expect_error(const char *path, data_reader_options options, const char *message) {
    base_error error = {0};
    data_corpus *corpus = data_read(path, &options, &error);
    cr_assert_null(corpus, "%s was read", path);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    const char *text = strstr(error.text, fixture_folder());
    text = text ? text + strlen(fixture_folder()) + 1 : error.text;
    cr_expect_str_eq(text, message);
}

static void expect_text(const data_corpus *corpus, size_t i, size_t column, const char *text) {
    data_row row;
    data_corpus_row(corpus, i, &row);
    cr_expect_eq(row.text[column].size, strlen(text));
    cr_expect_arr_eq(row.text[column].bytes, text, strlen(text));
}

static data_row row_of(const data_corpus *corpus, size_t i) {
    data_row row;
    data_corpus_row(corpus, i, &row);
    return row;
}

/* Three rows of each format that say the same: an entailment, one without a gold label, a
 * contradiction. */
static const char snli_jsonl[] =
    "{\"gold_label\": \"entailment\", \"sentence1\": \"A man runs.\", \"sentence2\": \"One "
    "moves.\"}\n"
    "{\"gold_label\": \"-\", \"sentence1\": \"x\", \"sentence2\": \"y\"}\n"
    "{\"gold_label\": \"contradiction\", \"sentence1\": \"\\u00c9t\\u00e9\", \"sentence2\": "
    "\"\"}\n";
static const char snli_txt[] =
    "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
    "sentence1\tsentence2\tcaptionID\tpairID\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\n"
    "entailment\t( A )\t( B )\t(ROOT A)\t(ROOT B)\tA man runs.\tOne "
    "moves.\t1#1\t1#1e\te\te\te\te\te\n"
    "-\t( A )\t( B )\t(ROOT A)\t(ROOT B)\tx\ty\t2#1\t2#1e\te\tn\te\tn\tc\n"
    "contradiction\t( A )\t( B )\t(ROOT A)\t(ROOT B)\t\xc3\x89t\xc3\xa9\t\t3#1\t3#1c\tc\n";
static const char multinli_txt[] =
    "gold_label\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\t"
    "sentence1\tsentence2\tpromptID\tpairID\tgenre\tlabel1\tlabel2\tlabel3\tlabel4\tlabel5\n"
    "entailment\t( A )\t( B )\t(ROOT A)\t(ROOT B)\tA man runs.\tOne moves.\t1\t1e\tfiction\te\n"
    "-\t( A )\t( B )\t(ROOT A)\t(ROOT B)\tx\ty\t2\t2e\tfiction\te\tn\n"
    "contradiction\t( A )\t( B )\t(ROOT A)\t(ROOT B)\t\xc3\x89t\xc3\xa9\t\t3\t3c\ttravel\tc\n";
static const char mixed_tsv[] = "source\tgold_label\tsentence1\tsentence2\n"
                                "snli\tentailment\tA man runs.\tOne moves.\n"
                                "wanli\t-\tx\ty\n"
                                "mnli\tcontradiction\t\xc3\x89t\xc3\xa9\t\n";
static const char quoted_csv[] = "sentence1,gold_label,\"sentence2\"\r\n"
                                 "\"A man runs.\",entailment,One moves.\r\n"
                                 "\"x\",-,\"y\"\r\n"
                                 "\xc3\x89t\xc3\xa9,contradiction,\"\"\r\n";

static const struct {
    const char *name, *format, *text;
} same_rows[] = {{"a.jsonl", "nli", snli_jsonl}, {"b.jsonl", "jsonl", snli_jsonl},
                 {"c.txt", "nli", snli_txt},     {"d.txt", "nli", multinli_txt},
                 {"e.tsv", "tsv", mixed_tsv},    {"f.csv", "csv", quoted_csv}};

static void expect_same_rows(const data_corpus *corpus) {
    cr_assert_eq(data_corpus_rows(corpus), 2);
    cr_expect_eq(data_corpus_skipped(corpus), 1);
    cr_expect_eq(row_of(corpus, 0).label, 0);
    cr_expect_eq(row_of(corpus, 1).label, 2);
    expect_text(corpus, 0, 0, "A man runs.");
    expect_text(corpus, 0, 1, "One moves.");
    expect_text(corpus, 1, 0, "\xc3\x89t\xc3\xa9");
    expect_text(corpus, 1, 1, "");
}

Test(reader, every_labelled_format_gives_the_same_rows_plain_or_gzipped) {
    for (size_t i = 0; i < sizeof same_rows / sizeof *same_rows; i++)
        for (int named = 0; named < 2; named++)
            for (int gzipped = 0; gzipped < 2; gzipped++) {
                char name[40];
                snprintf(name, sizeof name, "%s%s", same_rows[i].name, gzipped ? ".gz" : "");
                const char *path =
                    gzipped ? fixture_gzip(name, same_rows[i].text, strlen(same_rows[i].text))
                            : fixture_text(name, same_rows[i].text);
                data_reader_options options = with_labels;
                options.format = named ? same_rows[i].format : NULL;
                data_corpus *corpus = read_well(path, options);
                expect_same_rows(corpus);
                cr_expect_eq(row_of(corpus, 1).line - row_of(corpus, 0).line, 2);
                data_corpus_free(corpus);
            }
}

Test(reader, every_format_is_named_once_and_described) {
    size_t count = 0;
    for (const char *const *name = data_reader_names(); *name; name++, count++)
        cr_expect_not_null(data_reader_summary(*name));
    cr_expect_eq(count, 6);
    cr_expect_null(data_reader_summary("xml"));
}

Test(reader, stsb_has_seven_or_nine_columns_and_its_quotes_are_text) {
    const char *path = fixture_text("sts-dev.csv", "g\tf\t2012\t1\t2.500\t\"A man\t\"B\n"
                                                   "g\tf\t2012\t2\t5\ta\tb\tlicence\tmore\n");
    data_corpus *corpus = read_well(path, with_scores);
    cr_assert_eq(data_corpus_rows(corpus), 2);
    cr_expect_float_eq(row_of(corpus, 0).score, 2.5, 0);
    cr_expect_float_eq(row_of(corpus, 1).score, 5, 0);
    expect_text(corpus, 0, 0, "\"A man");
    expect_text(corpus, 1, 1, "b");
    data_corpus_free(corpus);
    expect_error(fixture_text("six.csv", "g\tf\t2012\t1\t2.5\ta\tb\ng\tf\t2012\t1\t2.5\ta\n"),
                 with_scores,
                 "six.csv: line 2, column 1: found 6 columns, expected 7 or 9 with TABs between "
                 "(genre, file, year, id, score, sentence1, sentence2, ...)");
}

Test(reader, custom_triplets_and_pairs_take_columns_by_name) {
    data_reader_options options = {.columns = 3, .column = {"query", "good", "bad"}};
    data_corpus *corpus =
        read_well(fixture_text("t.tsv", "bad\tid\tquery\tgood\nc\t7\ta\tb\n"), options);
    cr_expect_eq(data_corpus_columns(corpus), 3);
    cr_expect_eq(data_corpus_kind(corpus), DATA_TARGET_NONE);
    for (size_t i = 0; i < 3; i++)
        expect_text(corpus, 0, i, (const char *[]){"a", "b", "c"}[i]);
    data_corpus_free(corpus);
    corpus = read_well(
        fixture_text("t.jsonl", "{\"bad\":\"c\",\"good\":\"b\",\"x\":1,\"query\":\"a\"}"), options);
    for (size_t i = 0; i < 3; i++)
        expect_text(corpus, 0, i, (const char *[]){"a", "b", "c"}[i]);
    data_corpus_free(corpus);
    corpus = read_well(fixture_text("one.tsv", "text\na\n\nb"),
                       (data_reader_options){.columns = 1, .column = {"text"}});
    cr_expect_eq(data_corpus_rows(corpus), 3);
    expect_text(corpus, 1, 0, "");
    data_corpus_free(corpus);
}

Test(reader, scores_and_labels_of_other_names_and_ranges) {
    data_reader_options options = {
        .kind = DATA_TARGET_SCORE, .target = "sim", .score_low = -1, .score_high = 1};
    data_corpus *corpus = read_well(
        fixture_text("s.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"sim\":-0.25e0}\n"),
        options);
    cr_expect_float_eq(row_of(corpus, 0).score, -0.25, 0);
    data_corpus_free(corpus);
    const char *names[] = {"1", "0"};
    const uint32_t values[] = {5, 6};
    options = (data_reader_options){.kind = DATA_TARGET_CLASS,
                                    .target = "label",
                                    .labels = 2,
                                    .label_name = names,
                                    .label_value = values,
                                    .skip_label = "-1"};
    corpus = read_well(fixture_text("l.jsonl",
                                    "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":1}\n"
                                    "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":-1}\n"
                                    "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"label\":\"0\"}"),
                       options);
    cr_expect_eq(data_corpus_skipped(corpus), 1);
    cr_expect_eq(row_of(corpus, 0).label, 5);
    cr_expect_eq(row_of(corpus, 1).label, 6);
    cr_expect_eq(row_of(corpus, 1).line, 3);
    data_corpus_free(corpus);
}

Test(reader, csv_quotes_hold_commas_line_ends_and_doubled_quotes) {
    const char *path = fixture_text("q.csv", "sentence1,sentence2\n"
                                             "\"a, \"\"b\"\"\r\nc\nd\",\"\"\n"
                                             "x,\"\"\"\"\n");
    data_corpus *corpus = read_well(path, (data_reader_options){0});
    cr_assert_eq(data_corpus_rows(corpus), 2);
    expect_text(corpus, 0, 0, "a, \"b\"\r\nc\nd");
    expect_text(corpus, 0, 1, "");
    expect_text(corpus, 1, 1, "\"");
    cr_expect_eq(row_of(corpus, 1).line, 5);
    data_corpus_free(corpus);
    expect_error(
        fixture_text("open.csv", "sentence1,sentence2\na,\"b\nc"), (data_reader_options){0},
        "open.csv: line 2, column 3: found an opening quote and no closing one, expected it "
        "before the end of the file");
    expect_error(fixture_text("bare.csv", "sentence1,sentence2\na,b\"c\n"),
                 (data_reader_options){0},
                 "bare.csv: line 2, column 4: found \"\"c\", expected a quote only around a whole "
                 "cell, or doubled inside one");
    expect_error(
        fixture_text("tail.csv", "sentence1,sentence2\n\"a\"x,b\n"), (data_reader_options){0},
        "tail.csv: line 2, column 4: found \"x,b\", expected a comma or the end of the line "
        "after a closing quote");
}

Test(reader, crlf_mark_and_odd_line_ends) {
    const char *path = fixture_text("crlf.tsv", "\xef\xbb\xbfsentence1\tsentence2\r\n"
                                                "a\rb\tc\xe2\x80\xa8\x0b\x0c\xc2\x85\r\n"
                                                "last\tline\r");
    data_corpus *corpus = read_well(path, (data_reader_options){0});
    cr_assert_eq(data_corpus_rows(corpus), 2);
    expect_text(corpus, 0, 0, "a\rb");
    expect_text(corpus, 0, 1, "c\xe2\x80\xa8\x0b\x0c\xc2\x85");
    expect_text(corpus, 1, 1, "line\r");
    data_corpus_free(corpus);
    expect_error(fixture_write("wide.tsv", "\xff\xfes\0e\0", 6), (data_reader_options){0},
                 "wide.tsv: line 1, column 1: found a UTF-16 byte order mark, expected UTF-8 text");
}

Test(reader, nul_is_text_in_tables_and_refused_in_json) {
    const char bytes[] = "sentence1\tsentence2\na\0b\tc\n";
    data_corpus *corpus =
        read_well(fixture_write("nul.tsv", bytes, sizeof bytes - 1), (data_reader_options){0});
    cr_expect_eq(row_of(corpus, 0).text[0].size, 3);
    cr_expect_arr_eq(row_of(corpus, 0).text[0].bytes, "a\0b", 3);
    data_corpus_free(corpus);
    const char object[] = "{\"sentence1\":\"a\0b\",\"sentence2\":\"c\"}\n";
    expect_error(
        fixture_write("nul.jsonl", object, sizeof object - 1), (data_reader_options){0},
        "nul.jsonl: line 1, column 16: found \"\\x00b\",\"sentenc\", expected an escaped control "
        "character");
}

Test(reader, ill_formed_utf8_is_replaced_and_counted) {
    const char *path =
        fixture_text("bad.tsv", "sentence1\tsentence2\na\tb\n\xff\xe2\x82\tx\xc0\x80\n");
    data_corpus *corpus = read_well(path, (data_reader_options){0});
    size_t line;
    cr_expect_eq(data_corpus_replaced(corpus, &line), 4);
    cr_expect_eq(line, 3);
    expect_text(corpus, 1, 0, "\xef\xbf\xbd\xef\xbf\xbd");
    expect_text(corpus, 1, 1, "x\xef\xbf\xbd\xef\xbf\xbd");
    data_corpus_free(corpus);
}

Test(reader, gzip_members_follow_one_another_and_damage_is_found) {
    const char *path = fixture_gzip("one.tsv.gz", mixed_tsv, strlen(mixed_tsv));
    static char member[4096];
    FILE *f = fopen(path, "rb");
    size_t size = fread(member, 1, sizeof member / 2, f);
    fclose(f);
    char twice[4096];
    memcpy(twice, member, size);
    memcpy(twice + size, "\0\0", 2);
    data_corpus *corpus = read_well(fixture_write("zeros.tsv.gz", twice, size + 2), with_labels);
    expect_same_rows(corpus);
    data_corpus_free(corpus);
    char message[200];
    for (size_t cut = 2; cut < size; cut++) {
        snprintf(message, sizeof message,
                 "cut.tsv.gz: byte offset %zu: the file ends inside its gzip data (cut short?), "
                 "expected the rest",
                 cut);
        expect_error(fixture_write("cut.tsv.gz", member, cut), with_labels, message);
    }
    memcpy(twice, member, size);
    memcpy(twice + size, "more", 4);
    snprintf(message, sizeof message,
             "tail.tsv.gz: byte offset %zu: found byte \\x6d after a gzip member, expected another "
             "member or the end of the file",
             size);
    expect_error(fixture_write("tail.tsv.gz", twice, size + 4), with_labels, message);
    member[size - 6] ^= 1;
    snprintf(
        message, sizeof message,
        "crc.tsv.gz: byte offset %zu: found damaged gzip data (incorrect data check), expected a "
        "whole gzip file",
        size - 4);
    expect_error(fixture_write("crc.tsv.gz", member, size), with_labels, message);
}

Test(reader, two_gzip_members_are_one_file) {
    const char *first = "sentence1\tsentence2\na\t", *second = "b\nc\td\n";
    char bytes[4096];
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        const char *text = i ? second : first;
        FILE *f = fopen(fixture_gzip(i ? "m2" : "m1", text, strlen(text)), "rb");
        size += fread(bytes + size, 1, sizeof bytes - size, f);
        fclose(f);
    }
    data_corpus *corpus =
        read_well(fixture_write("both.tsv", bytes, size), (data_reader_options){0});
    cr_assert_eq(data_corpus_rows(corpus), 2);
    expect_text(corpus, 0, 1, "b");
    expect_text(corpus, 1, 1, "d");
    data_corpus_free(corpus);
}

#define HEAD "sentence1\tsentence2\tgold_label\n"
#define OBJECT "{\"sentence1\":\"a\",\"sentence2\":\"b\"}"
#define SCORES "score\tsentence1\tsentence2\n"
Test(reader, wrong_files_are_refused_with_place_and_reason) {
    data_reader_options plain = {0};
    expect_error(fixture_text("empty.tsv", ""), plain,
                 "empty.tsv: line 1, column 1: found an empty file, expected rows");
    expect_error(fixture_gzip("empty.tsv.gz", "", 0), plain,
                 "empty.tsv.gz: line 1, column 1: found an empty file, expected rows");
    expect_error(fixture_text("head.tsv", HEAD), with_labels,
                 "head.tsv: found no row to keep (0 skipped), expected at least one");
    expect_error(fixture_text("dash.tsv", HEAD "a\tb\t-\n"), with_labels,
                 "dash.tsv: found no row to keep (1 skipped), expected at least one");
    expect_error(fixture_text("label.tsv", HEAD "a\tb\tneutral\nc\td\tEntailment\n"), with_labels,
                 "label.tsv: line 3, column 5: found gold_label \"Entailment\", expected one of "
                 "\"entailment\", \"neutral\", \"contradiction\" (\"-\" is skipped)");
    expect_error(fixture_text("columns.tsv", HEAD "a\tb\tneutral\na\tb\n"), with_labels,
                 "columns.tsv: line 3, column 1: found 2 columns, expected 3 as in the header");
    expect_error(
        fixture_text("names.tsv", "sentence1\tsentence_2\tgold_label\na\tb\tneutral\n"),
        with_labels,
        "names.tsv: line 1, column 1: found the columns sentence1, sentence_2, gold_label; "
        "expected one named \"sentence2\"");
    expect_error(fixture_text("twins.tsv", "sentence1\tsentence2\tsentence1\na\tb\tc\n"), plain,
                 "twins.tsv: line 1, column 1: found the columns sentence1, sentence2, sentence1; "
                 "expected one named \"sentence1\", not 2");
    expect_error(
        fixture_text("odd.dat", "a\tb\n"), plain,
        "odd.dat: found a file whose name and first line tell no format, expected a format "
        "to be named, one of stsb, nli, jsonl, json, csv, tsv");
    expect_error(fixture_text("format.tsv", "a\tb\n"), (data_reader_options){.format = "xml"},
                 "format.tsv: found format \"xml\" asked for, expected one of stsb, nli, jsonl, "
                 "json, csv, tsv");
    base_error error = {0};
    cr_expect_null(data_read(fixture_folder(), &plain, &error));
    cr_expect_not_null(strstr(error.text, ": cannot read: Is a directory"));
    expect_error(fixture_path("none.tsv"), plain,
                 "none.tsv: cannot open: No such file or directory");
}

Test(reader, scores_must_be_numbers_in_range) {
    const char *const wrong[] = {"5.001", "-0.1", "nan", "inf", "0x1p1", "1,5",
                                 " 1",    "1 ",   "",    "1e",  "."};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[200], message[200];
        snprintf(text, sizeof text, SCORES "5\ta\tb\n%s\tc\td\n", wrong[i]);
        snprintf(message, sizeof message,
                 "score.tsv: line 3, column 1: found score \"%s\", expected a number from 0 to 5",
                 wrong[i]);
        data_reader_options options = with_scores;
        options.score_high = 5;
        expect_error(fixture_text("score.tsv", text), options, message);
    }
}

Test(reader, scores_have_the_range_that_is_declared_or_the_format_has_or_none) {
    double low, high, least, most;
    const char *path = fixture_text("s.tsv", SCORES "-7\ta\tb\n1e9\tc\td\n");
    data_corpus *corpus = read_well(path, with_scores);
    cr_expect_not(data_corpus_range(corpus, &low, &high));
    data_corpus_scores(corpus, &least, &most);
    cr_expect(least == -7 && most == 1e9);
    cr_expect_float_eq(data_corpus_unit_score(corpus, 0), -7, 0);
    data_corpus_free(corpus);
    expect_error(fixture_text("nan.tsv", SCORES "nan\ta\tb\n"), with_scores,
                 "nan.tsv: line 2, column 1: found score \"nan\", expected a number");
    path = fixture_text("sts.csv", "g\tf\ty\ti\t2.5\ta\tb\n");
    corpus = read_well(path, with_scores);
    cr_expect(data_corpus_range(corpus, &low, &high) && low == 0 && high == 5);
    cr_expect_float_eq(data_corpus_unit_score(corpus, 0), 0.5, 0);
    data_corpus_free(corpus);
    data_reader_options declared = with_scores;
    declared.score_low = 2;
    declared.score_high = 3;
    corpus = read_well(path, declared);
    cr_expect(data_corpus_range(corpus, &low, &high) && low == 2 && high == 3);
    data_corpus_free(corpus);
}

Test(reader, numbers_do_not_depend_on_the_locale) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8"))
        cr_skip_test("no locale with a decimal comma is installed");
    data_corpus *corpus = read_well(fixture_text("locale.tsv", SCORES "2.5\ta\tb\n"), with_scores);
    cr_expect_float_eq(row_of(corpus, 0).score, 2.5, 0);
    data_corpus_free(corpus);
    expect_error(fixture_text("comma.tsv", SCORES "2,5\ta\tb\n"), with_scores,
                 "comma.tsv: line 2, column 1: found score \"2,5\", expected a number");
}

Test(reader, json_lines_are_strict) {
    expect_error(
        fixture_text("a.jsonl", "{\"sentence1\":\"a\"}\n"), (data_reader_options){0},
        "a.jsonl: line 1: found no key \"sentence2\" (the object has: sentence1), expected it in "
        "every row");
    expect_error(
        fixture_text("case.jsonl", "{\"sentence1\":\"a\",\"Sentence2\":\"b\"}\n"),
        (data_reader_options){0},
        "case.jsonl: line 1: found no key \"sentence2\" (the object has: sentence1, Sentence2), "
        "expected it in every row");
    expect_error(fixture_text("b.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n[]\n"),
                 (data_reader_options){0},
                 "b.jsonl: line 2, column 1: found a value that is no object, expected {...}");
    expect_error(fixture_text("c.jsonl", "{\"sentence1\":\"a\",\"sentence2\":5}\n"),
                 (data_reader_options){0}, "c.jsonl: line 1: sentence2 is 5, expected a string");
    expect_error(fixture_text("d.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n\n"),
                 (data_reader_options){0},
                 "d.jsonl: line 2, column 1: the text ends, expected a JSON value");
    expect_error(
        fixture_text("e.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n"
                                "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"sentence1\":\"c\"}\n"),
        (data_reader_options){0},
        "e.jsonl: line 2: the key \"sentence1\" stands twice in one object, expected once");
    expect_error(fixture_text("f.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\\u0000\"}\n"),
                 (data_reader_options){0},
                 "f.jsonl: line 1, column 32: found \"\\u0000\"}\", expected text without \\u0000");
}

Test(reader, an_array_of_objects_may_go_over_lines_or_stand_on_one) {
    static const char *const forms[] = {
        "[{\"sentence1\":\"a\",\"sentence2\":\"b}]\\\"\",\"x\":{\"y\":[{}]}},{\"sentence1\":\"c\","
        "\"sentence2\":\"d\"}]",
        " [\r\n\n {\"sentence1\": \"a\",\n\t\"sentence2\":\r\n\"b}]\\\"\"}\n "
        ",\n{\"sentence1\":\"c\","
        "\"sentence2\":\"d\"}\n\n] \n\n"};
    for (size_t i = 0; i < 2; i++) {
        data_corpus *corpus = read_well(fixture_text(i ? "a.json" : "a.dat", forms[i]),
                                        (data_reader_options){.format = i ? NULL : "json"});
        cr_assert_eq(data_corpus_rows(corpus), 2);
        expect_text(corpus, 0, 0, "a");
        expect_text(corpus, 0, 1, "b}]\"");
        expect_text(corpus, 1, 1, "d");
        cr_expect_eq(data_corpus_line(corpus, 0), i ? 3 : 1);
        cr_expect_eq(data_corpus_line(corpus, 1), i ? 7 : 1);
        data_corpus_free(corpus);
    }
}

Test(reader, arrays_of_objects_are_strict) {
    static const struct {
        const char *text, *message;
    } wrong[] = {
        {"{}",
         "a.json: line 1, column 1: found \"{}\", expected an array of objects, [{...}, ...]"},
        {"[", "a.json: line 1: the file ends, expected an object, {...}"},
        {"[]", "a.json: found no row to keep (0 skipped), expected at least one"},
        {"[5]", "a.json: line 1, column 2: found \"5]\", expected an object, {...}"},
        {"[{\"sentence1\":\"a\",\n",
         "a.json: line 1: the file ends, expected the rest of the object"},
        {"[" OBJECT,
         "a.json: line 1: the file ends, expected a comma before the next object, or ]"},
        {"[" OBJECT " " OBJECT "]",
         "a.json: line 1, column 36: found \"{\"sentence1\"\", expected a comma "
         "before the next object, or ]"},
        {"[" OBJECT ",]", "a.json: line 1, column 36: found \"]\", expected an object, {...}"},
        {"[" OBJECT "]\n x",
         "a.json: line 2, column 2: found \"x\", expected nothing behind the array"},
        {"[\n" OBJECT ", {\"sentence1\":\"a\",\n\"sentence2\":\"b\",}]",
         "a.json: line 3, column 17: found \"}\", expected a string"},
        {"[" OBJECT ", {\"sentence1\":a}]",
         "a.json: line 1, column 50: found \"a}\", expected a JSON value"},
        {"[" OBJECT ", {\"sentence1\":\"a\"}]",
         "a.json: line 1: found no key \"sentence2\" (the object has: "
         "sentence1), expected it in every row"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_error(fixture_text("a.json", wrong[i].text), (data_reader_options){.format = "json"},
                     wrong[i].message);
}

Test(reader, tables_without_a_header_have_columns_by_number) {
    data_reader_options options = {.kind = DATA_TARGET_SCORE,
                                   .column = {"3", "1"},
                                   .columns = 2,
                                   .target = "2",
                                   .no_header = true};
    for (int csv = 0; csv < 2; csv++) {
        data_corpus *corpus = read_well(csv ? fixture_text("n.csv", "b,1,\"a\"\nd,2,c\n")
                                            : fixture_text("n.tsv", "b\t1\ta\nd\t2\tc\n"),
                                        options);
        cr_assert_eq(data_corpus_rows(corpus), 2);
        expect_text(corpus, 0, 0, "a");
        expect_text(corpus, 0, 1, "b");
        expect_text(corpus, 1, 0, "c");
        cr_expect_float_eq(row_of(corpus, 1).score, 2, 0);
        cr_expect_eq(row_of(corpus, 0).line, 1);
        data_corpus_free(corpus);
    }
    expect_error(fixture_text("n.tsv", "b\t1\ta\nd\n"), options,
                 "n.tsv: line 2, column 1: found 1 columns, expected 3 as in the first line");
    static const char *const wrong[] = {"0", "4", "name", "1x", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char message[200];
        snprintf(
            message, sizeof message,
            "n.tsv: line 1: found 3 columns and no header, expected \"%s\" to be the number of "
            "one, from 1",
            wrong[i]);
        options.column[1] = wrong[i];
        expect_error(fixture_text("n.tsv", "b\t1\ta\n"), options, message);
    }
    expect_error(fixture_text("n.jsonl", "{}\n"), options,
                 "n.jsonl: found the format jsonl and a wish for no header, expected a table, such "
                 "as csv or tsv");
}

static void expect_labels(const data_corpus *corpus, size_t count, const char *const *names,
                          const uint32_t *values) {
    cr_assert_eq(data_corpus_labels(corpus), count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(data_corpus_label_name(corpus, i), names[i]);
        cr_expect_eq(data_corpus_label_value(corpus, i), values[i]);
    }
}

Test(reader, labels_are_found_in_the_order_of_their_first_appearance) {
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
    expect_error(
        fixture_text("half.tsv", HEAD "a\tb\t1\na\tb\t0.5\n"), with_found_labels,
        "half.tsv: line 3, column 5: found gold_label \"0.5\", expected a label: a text or "
        "a whole number");
    expect_error(fixture_text("none.tsv", HEAD "a\tb\t\n"), with_found_labels,
                 "none.tsv: line 2, column 5: found gold_label \"\", expected a label");
    base_bytes many = {0};
    cr_assert(base_bytes_format(&many, &error, HEAD));
    for (int i = 0; i <= DATA_MOST_LABELS; i++)
        cr_assert(base_bytes_format(&many, &error, "a\tb\tid %d\n", i));
    expect_error(fixture_text("ids.tsv", many.data), with_found_labels,
                 "ids.tsv: line 1002, column 5: found gold_label \"id 1000\", expected one of the "
                 "labels before it, of which there are 1000");
    base_bytes_free(&many);
}

Test(reader, usual_labels_that_are_found_have_the_usual_numbers) {
    data_corpus *corpus = read_well(
        fixture_text("u.tsv", HEAD "a\tb\tcontradiction\na\tb\tentailment\n"), with_found_labels);
    expect_labels(corpus, 3, (const char *const[]){"contradiction", "entailment", "neutral"},
                  (const uint32_t[]){2, 0, 1});
    cr_expect_eq(data_corpus_label(corpus, 0), 2);
    cr_expect_eq(data_corpus_label(corpus, 1), 0);
    data_corpus_free(corpus);
}

static void expect_counts(const char *name, size_t rows, size_t skipped,
                          data_reader_options options) {
    data_corpus *corpus = read_well(fixture_shared(name), options);
    cr_expect_eq(data_corpus_rows(corpus), rows, "%s: %zu rows", name, data_corpus_rows(corpus));
    cr_expect_eq(data_corpus_skipped(corpus), skipped);
    cr_expect_eq(data_corpus_replaced(corpus, NULL), 0);
    data_corpus_free(corpus);
}

Test(reader, real_nli_corpora_are_read_to_the_last_row) {
    expect_counts("data/snli/snli_1.0_dev.jsonl.gz", 9842, 158, with_labels);
    expect_counts("data/snli/snli_1.0_test.jsonl.gz", 9824, 176, with_labels);
    expect_counts("data/snli/snli_1.0_train_part.jsonl.gz", 29901, 0, with_labels);
    expect_counts("data/multinli/multinli_1.0_train_part.jsonl.gz", 25386, 0, with_labels);
    expect_counts("data/multinli/multinli_1.0_dev_matched.jsonl", 9815, 0, with_labels);
    expect_counts("data/multinli/multinli_1.0_dev_mismatched.jsonl", 9832, 0, with_labels);
    expect_counts("data/nli-mix/train.tsv.gz", 123448, 0, with_labels);
}

/* SNLI's official .txt has the same rows as its .jsonl, under this header. */
static void write_as_txt(data_line_reader *lines, base_bytes *out) {
    static const char *const columns[] = {"gold_label",
                                          "sentence1_binary_parse",
                                          "sentence2_binary_parse",
                                          "sentence1_parse",
                                          "sentence2_parse",
                                          "sentence1",
                                          "sentence2",
                                          "captionID",
                                          "pairID"};
    base_error error = {0};
    data_line line;
    for (size_t i = 0; i < 9; i++)
        cr_assert(base_bytes_format(out, &error, "%s\t", columns[i]));
    cr_assert(base_bytes_format(out, &error, "label1\tlabel2\tlabel3\tlabel4\tlabel5\n"));
    while (data_line_reader_next(lines, &line, &error)) {
        cJSON *row = base_json_parse(line.bytes, line.size, "snli", line.number, &error);
        for (size_t i = 0; i < 9; i++)
            cr_assert(base_bytes_format(out, &error, "%s%s", i ? "\t" : "",
                                        base_json_get(row, columns[i])->valuestring));
        const cJSON *labels = base_json_get(row, "annotator_labels");
        for (int i = 0; i < 5; i++) {
            const cJSON *label = cJSON_GetArrayItem(labels, i);
            cr_assert(base_bytes_format(out, &error, "\t%s", label ? label->valuestring : ""));
        }
        cr_assert(base_bytes_add(out, "\n", 1, &error));
        cJSON_Delete(row);
    }
    cr_assert(base_ok(&error), "%s", error.text);
}

Test(reader, snli_is_the_same_as_jsonl_and_as_txt) {
    base_error error = {0};
    const char *path = fixture_shared("data/snli/snli_1.0_dev.jsonl.gz");
    data_line_reader *lines = data_line_reader_open(path, &error);
    cr_assert_not_null(lines, "%s", error.text);
    base_bytes txt = {0};
    write_as_txt(lines, &txt);
    data_line_reader_close(lines);
    data_corpus *a = read_well(path, with_labels);
    data_corpus *b = read_well(fixture_write("snli_1.0_dev.txt", txt.data, txt.size), with_labels);
    base_bytes_free(&txt);
    cr_expect_eq(data_corpus_rows(b), 9842);
    cr_expect_eq(data_corpus_skipped(b), 158);
    for (size_t i = 0; i < 9842; i++) {
        data_row x = row_of(a, i), y = row_of(b, i);
        cr_assert(x.label == y.label && x.line + 1 == y.line);
        for (size_t c = 0; c < 2; c++) {
            cr_assert_eq(x.text[c].size, y.text[c].size);
            cr_assert_arr_eq(x.text[c].bytes, y.text[c].bytes, x.text[c].size);
        }
    }
    data_corpus_free(a);
    data_corpus_free(b);
}

Test(reader, real_sts_corpora_are_read_to_the_last_row) {
    expect_counts("data/stsb/sts-train.csv", 5749, 0, with_scores);
    expect_counts("data/stsb/sts-dev.csv", 1500, 0, with_scores);
    expect_counts("data/stsb/sts-test.csv", 1379, 0, with_scores);
    expect_counts("data/sts/STS12.tsv", 3108, 0, with_scores);
    expect_counts("data/sts/STS13.tsv", 1500, 0, with_scores);
}
