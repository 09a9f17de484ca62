/* JSON: what is refused, with its place, and what typed members say. */
#include "base/json.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static cJSON *parse(const char *text, base_error *error) {
    return base_json_parse(text, strlen(text), "f.json", 1, error);
}

static void expect_refused(const char *text, const char *message) {
    base_error error = {0};
    cr_expect_null(parse(text, &error), "%s was read", text);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_str_eq(error.text, message);
}

Test(json, traps_of_cjson_are_closed) {
    expect_refused(
        "{\"a\": \"x\\u0000y\"}",
        "f.json: line 1, column 9: found \"\\u0000y\"}\", expected text without \\u0000");
    expect_refused("{\"a\": 1,\n \"b\": 2, \"a\": 3}",
                   "f.json: the key \"a\" stands twice in one object, expected once");
    expect_refused("[{\"a\": {\"b\": 1, \"b\": 1}}]",
                   "f.json: the key \"b\" stands twice in one object, expected once");
    expect_refused("{\"a\": 1, \"\\u0061\": 2}",
                   "f.json: the key \"a\" stands twice in one object, expected once");
    expect_refused("{} x",
                   "f.json: line 1, column 4: found \"x\", expected nothing after the value");
    expect_refused("[1e400]",
                   "f.json: line 1, column 2: found \"1e400]\", expected a finite number");
    expect_refused("[NaN]", "f.json: line 1, column 2: found \"NaN]\", expected a JSON value");
    expect_refused("[-Infinity]",
                   "f.json: line 1, column 3: found \"Infinity]\", expected a digit");
    expect_refused("", "f.json: line 1, column 1: the text ends, expected a JSON value");
}

Test(json, syntax_is_strict_and_errors_name_line_and_column) {
    expect_refused("{\"a\": 1,\n  \"b\" 2}",
                   "f.json: line 2, column 7: found \"2}\", expected a colon");
    expect_refused("{\"a\": 1,}", "f.json: line 1, column 9: found \"}\", expected a string");
    expect_refused("[1,]", "f.json: line 1, column 4: found \"]\", expected a JSON value");
    expect_refused("[01]", "f.json: line 1, column 3: found \"1]\", expected a comma or ]");
    expect_refused("[+1]", "f.json: line 1, column 2: found \"+1]\", expected a JSON value");
    expect_refused("[1.]", "f.json: line 1, column 4: found \"]\", expected a digit");
    expect_refused(
        "[\"a\tb\"]",
        "f.json: line 1, column 4: found \"\\x09b\"]\", expected an escaped control character");
    expect_refused("[\"\\x\"]",
                   "f.json: line 1, column 4: found \"x\"]\", expected one of \" \\ / b f n r t "
                   "u after a backslash");
    expect_refused("[\"\\ud800\"]",
                   "f.json: line 1, column 3: found \"\\ud800\"]\", expected a surrogate "
                   "pair, not a lone high surrogate");
    expect_refused("[\"\xff\"]",
                   "f.json: line 1, column 3: found \"\\xff\"]\", expected valid UTF-8");
    expect_refused(
        "[\"a", "f.json: line 1, column 4: the text ends, expected the closing quote of a string");
    expect_refused("// no\n{}",
                   "f.json: line 1, column 1: found \"// no\\x0a{}\", expected a JSON value");
    expect_refused("\xef\xbb\xbf{}",
                   "f.json: line 1, column 1: found \"\\xef\\xbb\\xbf{}\", expected a JSON value");
}

Test(json, a_row_of_json_lines_carries_its_line) {
    base_error error = {0};
    cr_expect_null(base_json_parse("{]", 2, "f", 7, &error));
    cr_expect_str_eq(error.text, "f: line 7, column 2: found \"]\", expected a string");
}

Test(json, nesting_and_long_numbers_are_limited) {
    base_error error = {0};
    char deep[2001];
    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    cr_expect_null(base_json_parse(deep, 2000, "f", 1, &error));
    cr_expect_str_eq(error.text,
                     "f: line 1, column 501: found \"[[[[[[[[[[[[\", expected nesting of at "
                     "most 500 levels");
    error = (base_error){0};
    cJSON *tree = base_json_parse(deep + 500, 1000, "f", 1, &error);
    cr_expect_not_null(tree, "%s", error.text);
    cJSON_Delete(tree);
    char number[70];
    memset(number, '1', 64);
    number[1] = '.';
    tree = base_json_parse(number, 63, "f", 1, &error);
    cr_assert_not_null(tree, "%s", error.text);
    cr_expect_float_eq(tree->valuedouble, 1.1111111111111112, 1e-15);
    cJSON_Delete(tree);
    cr_expect_null(base_json_parse(number, 64, "f", 1, &error));
    cr_expect_str_eq(error.text,
                     "f: line 1, column 1: found \"1.1111111111\", expected a number of at "
                     "most 63 characters");
}

Test(json, look_up_is_case_sensitive) {
    base_error error = {0};
    cJSON *tree = parse("{\"Key\": 1}", &error);
    cr_expect_null(base_json_get(tree, "key"));
    cr_expect_not_null(base_json_get(tree, "Key"));
    cJSON_Delete(tree);
}

static void expect_size(const char *text, bool ok, size_t value, const char *message) {
    base_error error = {0};
    size_t out = 77;
    cJSON *tree = parse(text, &error);
    cr_expect_eq(base_json_size(tree, "n", 1, SIZE_MAX, &out, "f.json", &error), ok);
    cr_expect_eq(out, value);
    cr_expect_str_eq(error.text, message);
    cJSON_Delete(tree);
}

Test(json, whole_numbers_are_whole_and_exact) {
    expect_size("{}", true, 77, "");
    expect_size("{\"n\": null}", true, 77, "");
    expect_size("{\"n\": 9007199254740991}", true, 9007199254740991, "");
    expect_size("{\"n\": 1e3}", true, 1000, "");
    const char *const wrong[][2] = {{"9007199254740993", "9007199254740992"},
                                    {"-1", "-1"},
                                    {"0", "0"},
                                    {"1.5", "1.5"},
                                    {"\"1\"", "\"1\""},
                                    {"true", "true"},
                                    {"[1]", "[1]"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *text = base_format("{\"n\": %s}", wrong[i][0]);
        char *message = base_format("f.json: n is %s, expected a whole number from 1 to %zu",
                                    wrong[i][1], SIZE_MAX);
        expect_size(text, false, 77, message);
        free(text);
        free(message);
    }
}

Test(json, typed_members_say_what_was_found) {
    base_error error = {0};
    double real = 7;
    bool truth = true;
    const char *text = "same";
    cJSON *tree = parse("{\"r\": 0.5, \"b\": false, \"t\": \"x\", \"n\": null}", &error);
    cr_expect(base_json_real(tree, "r", 0, 1, &real, "f", &error) && real > 0.4 && real < 0.6);
    cr_expect(base_json_bool(tree, "b", &truth, "f", &error) && !truth);
    cr_expect(base_json_text(tree, "n", &text, "f", &error));
    cr_expect_str_eq(text, "same");
    cr_expect(base_json_text(tree, "t", &text, "f", &error));
    cr_expect_str_eq(text, "x");
    cr_expect_not(base_json_real(tree, "r", 0.6, 1, &real, "f", &error));
    cr_expect_str_eq(error.text, "f: r is 0.5, expected a number from 0.6 to 1");
    error = (base_error){0};
    cr_expect_not(base_json_bool(tree, "t", &truth, "f", &error));
    cr_expect_str_eq(error.text, "f: t is \"x\", expected true or false");
    error = (base_error){0};
    cr_expect_not(base_json_text(tree, "b", &text, "f", &error));
    cr_expect_str_eq(error.text, "f: b is false, expected a string");
    cJSON_Delete(tree);
}

Test(json, printed_numbers_read_back_equal) {
    const double values[] = {0.1,     1e-300,   1.7976931348623157e308, -2.2250738585072014e-308,
                             1.0 / 3, 123456789};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        base_error error = {0};
        cJSON *array = cJSON_CreateArray();
        cJSON_AddItemToArray(array, cJSON_CreateNumber(values[i]));
        char *line = base_json_line(array), *printed = base_json_print(array);
        cJSON *again = parse(line, &error);
        cr_assert_not_null(again, "%s", error.text);
        cr_expect(!(again->child->valuedouble < values[i]) &&
                  !(again->child->valuedouble > values[i]));
        cr_expect_eq(printed[strlen(printed) - 1], '\n');
        cJSON_Delete(again);
        cJSON_Delete(array);
        free(line);
        free(printed);
    }
}

Test(json, trees_are_printed_as_they_were_read) {
    base_error error = {0};
    const char text[] = "{\n  \"a\": [\n    1,\n    0.1,\n    null,\n    true\n  ],\n  \"b\": {},\n"
                        "  \"c\": \"\\\"\\\\\\n\\t\\u0001\xc3\xa9\"\n}\n";
    cJSON *tree = parse(text, &error);
    cr_assert_not_null(tree, "%s", error.text);
    char *again = base_json_print(tree), *line = base_json_line(tree);
    cr_expect_str_eq(again, text);
    cr_expect_str_eq(line, "{\"a\":[1,0.1,null,true],\"b\":{},\"c\":"
                           "\"\\\"\\\\\\n\\t\\u0001\xc3\xa9\"}");
    free(again);
    free(line);
    cJSON_Delete(tree);
}

Test(json, numbers_of_a_file_are_printed_as_they_were_read) {
    base_error error = {0};
    const char text[] = "{\"a-1\":[2.0,1e-05,-0.0,1E5,2,\"\\\"-3.0\",{\"b\":0.10}],\"c\":"
                        "12345678901234567890,\"d\":null,\"e\":1e-12}";
    cJSON *tree = base_json_file(fixture_text("numbers.json", text), &error);
    cr_assert_not_null(tree, "%s", error.text);
    cJSON *copy = cJSON_Duplicate(tree, true);
    char *line = base_json_line(tree), *again = base_json_line(copy);
    cr_expect_str_eq(line, text);
    cr_expect_str_eq(again, text);
    free(line);
    free(again);
    cJSON_Delete(copy);
    cJSON_Delete(tree);
    tree = base_json_file(fixture_text("numbers.json", "  7.0 "), &error);
    line = base_json_line(tree);
    cr_expect_str_eq(line, "7.0");
    free(line);
    cJSON_Delete(tree);
}

Test(json, ill_formed_text_is_printed_as_well_formed) {
    base_error error = {0};
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = &error};
    base_json_put_text(&w, NULL, "a\xff\"\xe2\x82", 5);
    cr_expect_str_eq(out.data, "\"a\xef\xbf\xbd\\\"\xef\xbf\xbd\"");
    base_bytes_free(&out);
}

Test(json, the_writer_puts_commas_and_blanks_in_every_style) {
    static const char *const expected[] = {
        "{\"a\":[],\"b\":[1,{\"c\":null}],\"d\":0.333,\"e\":false}",
        "{\"a\": [], \"b\": [1, {\"c\": null}], \"d\": 0.333, \"e\": false}",
        ("{\n  \"a\": [],\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  ],\n"
         "  \"d\": 0.333,\n  \"e\": false\n}"),
    };
    for (base_json_style style = BASE_JSON_COMPACT; style <= BASE_JSON_INDENTED; style++) {
        base_error error = {0};
        base_bytes out = {0};
        base_json_writer w = {.out = &out, .error = &error, .style = style};
        base_json_open(&w, NULL, '{');
        base_json_open(&w, "a", '[');
        base_json_close(&w, ']');
        base_json_open(&w, "b", '[');
        base_json_put_size(&w, NULL, 1);
        base_json_open(&w, NULL, '{');
        base_json_put_number(&w, "c", (double)INFINITY, 9);
        base_json_close(&w, '}');
        base_json_close(&w, ']');
        base_json_put_number(&w, "d", 1.0 / 3, 3);
        base_json_put_bool(&w, "e", false);
        base_json_close(&w, '}');
        cr_expect_str_eq(out.data, expected[style]);
        base_bytes_free(&out);
    }
}

Test(json, files_are_read_whole) {
    base_error error = {0};
    cJSON *tree = base_json_file(fixture_text("a.json", "{\"a\": [1, 2]}\n"), &error);
    cr_assert_not_null(tree, "%s", error.text);
    cJSON_Delete(tree);
    cr_expect_null(base_json_file(fixture_path("none.json"), &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}
