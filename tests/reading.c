#include "tests/reading.h"

#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

const data_reader_options reading_labels = {.kind = DATA_TARGET_CLASS};
const data_reader_options reading_scores = {.kind = DATA_TARGET_SCORE};

data_corpus *reading_well(const char *path, data_reader_options options) {
    base_error error = {0};
    data_corpus *corpus = data_read(path, &options, &error);
    cr_assert_not_null(corpus, "%s", error.text);
    return corpus;
}

void reading_fails(const char *path, data_reader_options options, const char *message) {
    base_error error = {0};
    data_corpus *corpus = data_read(path, &options, &error);
    cr_assert_null(corpus, "%s was read", path);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    const char *text = strstr(error.text, fixture_folder());
    text = text ? text + strlen(fixture_folder()) + 1 : error.text;
    cr_expect_str_eq(text, message);
}

void reading_text(const data_corpus *corpus, size_t i, size_t column, const char *text) {
    data_row row;
    data_corpus_row(corpus, i, &row);
    cr_expect_eq(row.text[column].size, strlen(text));
    cr_expect_arr_eq(row.text[column].bytes, text, strlen(text));
}

data_row reading_row(const data_corpus *corpus, size_t i) {
    data_row row;
    data_corpus_row(corpus, i, &row);
    return row;
}
