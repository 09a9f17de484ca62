/* The readers: every format, plain and gzipped, and every way a file can be wrong. */
#include "base/json.h"
#include "data/line_reader.h"
#include "tests/fixture.h"
#include "tests/reading.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define HEAD "sentence1\tsentence2\tgold_label\n"

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
    cr_expect_eq(reading_row(corpus, 0).label, 0);
    cr_expect_eq(reading_row(corpus, 1).label, 2);
    reading_text(corpus, 0, 0, "A man runs.");
    reading_text(corpus, 0, 1, "One moves.");
    reading_text(corpus, 1, 0, "\xc3\x89t\xc3\xa9");
    reading_text(corpus, 1, 1, "");
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
                data_reader_options options = reading_labels;
                options.format = named ? same_rows[i].format : NULL;
                data_corpus *corpus = reading_well(path, options);
                expect_same_rows(corpus);
                cr_expect_eq(reading_row(corpus, 1).line - reading_row(corpus, 0).line, 2);
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
    data_corpus *corpus = reading_well(path, reading_scores);
    cr_assert_eq(data_corpus_rows(corpus), 2);
    cr_expect_float_eq(reading_row(corpus, 0).score, 2.5, 0);
    cr_expect_float_eq(reading_row(corpus, 1).score, 5, 0);
    reading_text(corpus, 0, 0, "\"A man");
    reading_text(corpus, 1, 1, "b");
    data_corpus_free(corpus);
    reading_fails(fixture_text("six.csv", "g\tf\t2012\t1\t2.5\ta\tb\ng\tf\t2012\t1\t2.5\ta\n"),
                  reading_scores,
                  "six.csv: line 2, column 1: found 6 columns, expected 7 or 9 with TABs between "
                  "(genre, file, year, id, score, sentence1, sentence2, ...)");
}

Test(reader, custom_triplets_and_pairs_take_columns_by_name) {
    data_reader_options options = {.columns = 3, .column = {"query", "good", "bad"}};
    data_corpus *corpus =
        reading_well(fixture_text("t.tsv", "bad\tid\tquery\tgood\nc\t7\ta\tb\n"), options);
    cr_expect_eq(data_corpus_columns(corpus), 3);
    cr_expect_eq(data_corpus_kind(corpus), DATA_TARGET_NONE);
    for (size_t i = 0; i < 3; i++)
        reading_text(corpus, 0, i, (const char *[]){"a", "b", "c"}[i]);
    data_corpus_free(corpus);
    corpus = reading_well(
        fixture_text("t.jsonl", "{\"bad\":\"c\",\"good\":\"b\",\"x\":1,\"query\":\"a\"}"), options);
    for (size_t i = 0; i < 3; i++)
        reading_text(corpus, 0, i, (const char *[]){"a", "b", "c"}[i]);
    data_corpus_free(corpus);
    corpus = reading_well(fixture_text("one.tsv", "text\na\n\nb"),
                          (data_reader_options){.columns = 1, .column = {"text"}});
    cr_expect_eq(data_corpus_rows(corpus), 3);
    reading_text(corpus, 1, 0, "");
    data_corpus_free(corpus);
}

Test(reader, csv_quotes_hold_commas_line_ends_and_doubled_quotes) {
    const char *path = fixture_text("q.csv", "sentence1,sentence2\n"
                                             "\"a, \"\"b\"\"\r\nc\nd\",\"\"\n"
                                             "x,\"\"\"\"\n");
    data_corpus *corpus = reading_well(path, (data_reader_options){0});
    cr_assert_eq(data_corpus_rows(corpus), 2);
    reading_text(corpus, 0, 0, "a, \"b\"\r\nc\nd");
    reading_text(corpus, 0, 1, "");
    reading_text(corpus, 1, 1, "\"");
    cr_expect_eq(reading_row(corpus, 1).line, 5);
    data_corpus_free(corpus);
    reading_fails(
        fixture_text("open.csv", "sentence1,sentence2\na,\"b\nc"), (data_reader_options){0},
        "open.csv: line 2, column 3: found an opening quote and no closing one, expected it "
        "before the end of the file");
    reading_fails(fixture_text("bare.csv", "sentence1,sentence2\na,b\"c\n"),
                  (data_reader_options){0},
                  "bare.csv: line 2, column 4: found \"\"c\", expected a quote only around a whole "
                  "cell, or doubled inside one");
    reading_fails(
        fixture_text("tail.csv", "sentence1,sentence2\n\"a\"x,b\n"), (data_reader_options){0},
        "tail.csv: line 2, column 4: found \"x,b\", expected a comma or the end of the line "
        "after a closing quote");
}

Test(reader, crlf_mark_and_odd_line_ends) {
    const char *path = fixture_text("crlf.tsv", "\xef\xbb\xbfsentence1\tsentence2\r\n"
                                                "a\rb\tc\xe2\x80\xa8\x0b\x0c\xc2\x85\r\n"
                                                "last\tline\r");
    data_corpus *corpus = reading_well(path, (data_reader_options){0});
    cr_assert_eq(data_corpus_rows(corpus), 2);
    reading_text(corpus, 0, 0, "a\rb");
    reading_text(corpus, 0, 1, "c\xe2\x80\xa8\x0b\x0c\xc2\x85");
    reading_text(corpus, 1, 1, "line\r");
    data_corpus_free(corpus);
    reading_fails(
        fixture_write("wide.tsv", "\xff\xfes\0e\0", 6), (data_reader_options){0},
        "wide.tsv: line 1, column 1: found a UTF-16 byte order mark, expected UTF-8 text");
}

Test(reader, nul_is_text_in_tables_and_refused_in_json) {
    const char bytes[] = "sentence1\tsentence2\na\0b\tc\n";
    data_corpus *corpus =
        reading_well(fixture_write("nul.tsv", bytes, sizeof bytes - 1), (data_reader_options){0});
    cr_expect_eq(reading_row(corpus, 0).text[0].size, 3);
    cr_expect_arr_eq(reading_row(corpus, 0).text[0].bytes, "a\0b", 3);
    data_corpus_free(corpus);
    const char object[] = "{\"sentence1\":\"a\0b\",\"sentence2\":\"c\"}\n";
    reading_fails(
        fixture_write("nul.jsonl", object, sizeof object - 1), (data_reader_options){0},
        "nul.jsonl: line 1, column 16: found \"\\x00b\",\"sentenc\", expected an escaped control "
        "character");
}

Test(reader, ill_formed_utf8_is_replaced_and_counted) {
    const char *path =
        fixture_text("bad.tsv", "sentence1\tsentence2\na\tb\n\xff\xe2\x82\tx\xc0\x80\n");
    data_corpus *corpus = reading_well(path, (data_reader_options){0});
    size_t line;
    cr_expect_eq(data_corpus_replaced(corpus, &line), 4);
    cr_expect_eq(line, 3);
    reading_text(corpus, 1, 0, "\xef\xbf\xbd\xef\xbf\xbd");
    reading_text(corpus, 1, 1, "x\xef\xbf\xbd\xef\xbf\xbd");
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
    data_corpus *corpus =
        reading_well(fixture_write("zeros.tsv.gz", twice, size + 2), reading_labels);
    expect_same_rows(corpus);
    data_corpus_free(corpus);
    char message[200];
    for (size_t cut = 2; cut < size; cut++) {
        snprintf(message, sizeof message,
                 "cut.tsv.gz: byte offset %zu: the file ends inside its gzip data (cut short?), "
                 "expected the rest",
                 cut);
        reading_fails(fixture_write("cut.tsv.gz", member, cut), reading_labels, message);
    }
    memcpy(twice, member, size);
    memcpy(twice + size, "more", 4);
    snprintf(message, sizeof message,
             "tail.tsv.gz: byte offset %zu: found byte \\x6d after a gzip member, expected another "
             "member or the end of the file",
             size);
    reading_fails(fixture_write("tail.tsv.gz", twice, size + 4), reading_labels, message);
    member[size - 6] ^= 1;
    snprintf(
        message, sizeof message,
        "crc.tsv.gz: byte offset %zu: found damaged gzip data (incorrect data check), expected a "
        "whole gzip file",
        size - 4);
    reading_fails(fixture_write("crc.tsv.gz", member, size), reading_labels, message);
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
        reading_well(fixture_write("both.tsv", bytes, size), (data_reader_options){0});
    cr_assert_eq(data_corpus_rows(corpus), 2);
    reading_text(corpus, 0, 1, "b");
    reading_text(corpus, 1, 1, "d");
    data_corpus_free(corpus);
}

Test(reader, wrong_files_are_refused_with_place_and_reason) {
    data_reader_options plain = {0};
    reading_fails(fixture_text("empty.tsv", ""), plain,
                  "empty.tsv: line 1, column 1: found an empty file, expected rows");
    reading_fails(fixture_gzip("empty.tsv.gz", "", 0), plain,
                  "empty.tsv.gz: line 1, column 1: found an empty file, expected rows");
    reading_fails(fixture_text("head.tsv", HEAD), reading_labels,
                  "head.tsv: found no row to keep (0 skipped), expected at least one");
    reading_fails(fixture_text("dash.tsv", HEAD "a\tb\t-\n"), reading_labels,
                  "dash.tsv: found no row to keep (1 skipped), expected at least one");
    reading_fails(fixture_text("label.tsv", HEAD "a\tb\tneutral\nc\td\tEntailment\n"),
                  reading_labels,
                  "label.tsv: line 3, column 5: found gold_label \"Entailment\", expected one of "
                  "\"entailment\", \"neutral\", \"contradiction\" (\"-\" is skipped)");
    reading_fails(fixture_text("columns.tsv", HEAD "a\tb\tneutral\na\tb\n"), reading_labels,
                  "columns.tsv: line 3, column 1: found 2 columns, expected 3 as in the header");
    reading_fails(
        fixture_text("names.tsv", "sentence1\tsentence_2\tgold_label\na\tb\tneutral\n"),
        reading_labels,
        "names.tsv: line 1, column 1: found the columns sentence1, sentence_2, gold_label; "
        "expected one named \"sentence2\"");
    reading_fails(fixture_text("twins.tsv", "sentence1\tsentence2\tsentence1\na\tb\tc\n"), plain,
                  "twins.tsv: line 1, column 1: found the columns sentence1, sentence2, sentence1; "
                  "expected one named \"sentence1\", not 2");
    reading_fails(
        fixture_text("odd.dat", "a\tb\n"), plain,
        "odd.dat: found a file whose name and first line tell no format, expected a format "
        "to be named, one of stsb, nli, jsonl, json, csv, tsv");
    reading_fails(fixture_text("format.tsv", "a\tb\n"), (data_reader_options){.format = "xml"},
                  "format.tsv: found format \"xml\" asked for, expected one of stsb, nli, jsonl, "
                  "json, csv, tsv");
    base_error error = {0};
    cr_expect_null(data_read(fixture_folder(), &plain, &error));
    cr_expect_not_null(strstr(error.text, ": cannot read: Is a directory"));
    reading_fails(fixture_path("none.tsv"), plain,
                  "none.tsv: cannot open: No such file or directory");
}

Test(reader, tables_without_a_header_have_columns_by_number) {
    data_reader_options options = {.kind = DATA_TARGET_SCORE,
                                   .column = {"3", "1"},
                                   .columns = 2,
                                   .target = "2",
                                   .no_header = true};
    for (int csv = 0; csv < 2; csv++) {
        data_corpus *corpus = reading_well(csv ? fixture_text("n.csv", "b,1,\"a\"\nd,2,c\n")
                                               : fixture_text("n.tsv", "b\t1\ta\nd\t2\tc\n"),
                                           options);
        cr_assert_eq(data_corpus_rows(corpus), 2);
        reading_text(corpus, 0, 0, "a");
        reading_text(corpus, 0, 1, "b");
        reading_text(corpus, 1, 0, "c");
        cr_expect_float_eq(reading_row(corpus, 1).score, 2, 0);
        cr_expect_eq(reading_row(corpus, 0).line, 1);
        data_corpus_free(corpus);
    }
    reading_fails(fixture_text("n.tsv", "b\t1\ta\nd\n"), options,
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
        reading_fails(fixture_text("n.tsv", "b\t1\ta\n"), options, message);
    }
    reading_fails(
        fixture_text("n.jsonl", "{}\n"), options,
        "n.jsonl: found the format jsonl and a wish for no header, expected a table, such "
        "as csv or tsv");
}

static void expect_counts(const char *name, size_t rows, size_t skipped,
                          data_reader_options options) {
    data_corpus *corpus = reading_well(fixture_shared(name), options);
    cr_expect_eq(data_corpus_rows(corpus), rows, "%s: %zu rows", name, data_corpus_rows(corpus));
    cr_expect_eq(data_corpus_skipped(corpus), skipped);
    cr_expect_eq(data_corpus_replaced(corpus, NULL), 0);
    data_corpus_free(corpus);
}

Test(reader, real_nli_corpora_are_read_to_the_last_row) {
    expect_counts("data/snli/snli_1.0_dev.jsonl.gz", 9842, 158, reading_labels);
    expect_counts("data/snli/snli_1.0_test.jsonl.gz", 9824, 176, reading_labels);
    expect_counts("data/snli/snli_1.0_train_part.jsonl.gz", 29901, 0, reading_labels);
    expect_counts("data/multinli/multinli_1.0_train_part.jsonl.gz", 25386, 0, reading_labels);
    expect_counts("data/multinli/multinli_1.0_dev_matched.jsonl", 9815, 0, reading_labels);
    expect_counts("data/multinli/multinli_1.0_dev_mismatched.jsonl", 9832, 0, reading_labels);
    expect_counts("data/nli-mix/train.tsv.gz", 123448, 0, reading_labels);
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
    data_corpus *a = reading_well(path, reading_labels);
    data_corpus *b =
        reading_well(fixture_write("snli_1.0_dev.txt", txt.data, txt.size), reading_labels);
    base_bytes_free(&txt);
    cr_expect_eq(data_corpus_rows(b), 9842);
    cr_expect_eq(data_corpus_skipped(b), 158);
    for (size_t i = 0; i < 9842; i++) {
        data_row x = reading_row(a, i), y = reading_row(b, i);
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
    expect_counts("data/stsb/sts-train.csv", 5749, 0, reading_scores);
    expect_counts("data/stsb/sts-dev.csv", 1500, 0, reading_scores);
    expect_counts("data/stsb/sts-test.csv", 1379, 0, reading_scores);
    expect_counts("data/sts/STS12.tsv", 3108, 0, reading_scores);
    expect_counts("data/sts/STS13.tsv", 1500, 0, reading_scores);
}
