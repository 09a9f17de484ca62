/* JSON as the readers take it: an object a line, or one array of them. */
#include "tests/fixture.h"
#include "tests/reading.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OBJECT "{\"sentence1\":\"a\",\"sentence2\":\"b\"}"

Test(reader_json, json_lines_are_strict) {
    reading_fails(
        fixture_text("a.jsonl", "{\"sentence1\":\"a\"}\n"), (data_reader_options){0},
        "a.jsonl: line 1: found no key \"sentence2\" (the object has: sentence1), expected it in "
        "every row");
    reading_fails(
        fixture_text("case.jsonl", "{\"sentence1\":\"a\",\"Sentence2\":\"b\"}\n"),
        (data_reader_options){0},
        "case.jsonl: line 1: found no key \"sentence2\" (the object has: sentence1, Sentence2), "
        "expected it in every row");
    reading_fails(fixture_text("b.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n[]\n"),
                  (data_reader_options){0},
                  "b.jsonl: line 2, column 1: found a value that is no object, expected {...}");
    reading_fails(fixture_text("c.jsonl", "{\"sentence1\":\"a\",\"sentence2\":5}\n"),
                  (data_reader_options){0}, "c.jsonl: line 1: sentence2 is 5, expected a string");
    reading_fails(fixture_text("d.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n\n"),
                  (data_reader_options){0},
                  "d.jsonl: line 2, column 1: the text ends, expected a JSON value");
    reading_fails(
        fixture_text("e.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\"}\n"
                                "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"sentence1\":\"c\"}\n"),
        (data_reader_options){0},
        "e.jsonl: line 2: the key \"sentence1\" stands twice in one object, expected once");
    reading_fails(
        fixture_text("f.jsonl", "{\"sentence1\":\"a\",\"sentence2\":\"b\\u0000\"}\n"),
        (data_reader_options){0},
        "f.jsonl: line 1, column 32: found \"\\u0000\"}\", expected text without \\u0000");
}

Test(reader_json, an_array_of_objects_may_go_over_lines_or_stand_on_one) {
    static const char *const forms[] = {
        "[{\"sentence1\":\"a\",\"sentence2\":\"b}]\\\"\",\"x\":{\"y\":[{}]}},{\"sentence1\":\"c\","
        "\"sentence2\":\"d\"}]",
        " [\r\n\n {\"sentence1\": \"a\",\n\t\"sentence2\":\r\n\"b}]\\\"\"}\n "
        ",\n{\"sentence1\":\"c\","
        "\"sentence2\":\"d\"}\n\n] \n\n"};
    for (size_t i = 0; i < 2; i++) {
        data_corpus *corpus = reading_well(fixture_text(i ? "a.json" : "a.dat", forms[i]),
                                           (data_reader_options){.format = i ? NULL : "json"});
        cr_assert_eq(data_corpus_rows(corpus), 2);
        reading_text(corpus, 0, 0, "a");
        reading_text(corpus, 0, 1, "b}]\"");
        reading_text(corpus, 1, 1, "d");
        cr_expect_eq(data_corpus_line(corpus, 0), i ? 3 : 1);
        cr_expect_eq(data_corpus_line(corpus, 1), i ? 7 : 1);
        data_corpus_free(corpus);
    }
}

Test(reader_json, arrays_of_objects_are_strict) {
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
        reading_fails(fixture_text("a.json", wrong[i].text),
                      (data_reader_options){.format = "json"}, wrong[i].message);
}

Test(reader_json, elements_of_a_list_are_columns) {
    const data_reader_options o = {.columns = 3, .column = {"q", "neg[1]", "neg[0]"}};
    data_corpus *corpus =
        reading_well(fixture_text("n.jsonl", "{\"q\":\"a\",\"neg\":[\"b\",\"c\"]}\n"
                                             "{\"q\":\"d\",\"neg\":[\"e\",\"f\",\"g\"]}\n"),
                     o);
    reading_text(corpus, 0, 1, "c");
    reading_text(corpus, 0, 2, "b");
    reading_text(corpus, 1, 1, "f");
    data_corpus_free(corpus);
    corpus = reading_well(
        fixture_text("k.json", "[{\"q\":\"a\",\"neg\":[\"b\",\"c\"],\"neg[1]\":\"x\"}]"), o);
    reading_text(corpus, 0, 1, "x"); /* a key of that name comes first */
    data_corpus_free(corpus);
    reading_fails(fixture_text("s.jsonl", "{\"q\":\"a\",\"neg\":[\"b\"]}\n"), o,
                  "s.jsonl: line 1: found 1 texts in the list neg, expected 2 or more for the "
                  "column neg[1]");
    reading_fails(fixture_text("t.jsonl", "{\"q\":\"a\",\"neg\":\"b\"}\n"), o,
                  "t.jsonl: line 1: neg is \"b\", expected a list");
    reading_fails(fixture_text("u.jsonl", "{\"q\":\"a\",\"neg\":[\"b\",3]}\n"), o,
                  "u.jsonl: line 1: neg[1] is 3, expected a string");
    reading_fails(fixture_text("v.jsonl", "{\"q\":\"a\",\"ne\":[\"b\",\"c\"]}\n"), o,
                  "v.jsonl: line 1: found no key \"neg[1]\" (the object has: q, ne), expected it "
                  "in every row");
}
