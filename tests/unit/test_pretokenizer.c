#include "data/pretokenizer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The words of tokenizers 0.23.3, with "/" between. */
static const struct {
    const char *json, *text, *words;
} cases[] = {
    {"{\"type\":\"BertPreTokenizer\"}", "Hi, you\xe3\x80\x80x--y", "Hi/,/you/x/-/-/y"},
    {"{\"type\":\"Whitespace\"}", "Hi, you's a_b!? \xc3\xa9", "Hi/,/you/'/s/a_b/!?/\xc3\xa9"},
    {"{\"type\":\"WhitespaceSplit\"}", " a  b,c\x0a", "a/b,c"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"Removed\"}", "a,b!!c", "a/b/c"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}", "a,b!!c", "a/,/b/!/!/c"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}", "a,b!!c!", "a/,/b/!!/c/!"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"MergedWithPrevious\"}", "!a,b!!c", "!/a,/b!/!/c"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"MergedWithNext\"}", "a,b!!c!", "a/,b/!/!c/!"},
    {"{\"type\":\"Digits\",\"individual_digits\":false}",
     "a12\xc2\xbd"
     "b3",
     "a/12\xc2\xbd/b/3"},
    {"{\"type\":\"Digits\",\"individual_digits\":true}",
     "a12\xc2\xbd"
     "b3",
     "a/1/2/\xc2\xbd/b/3"},
    {"{\"type\":\"Split\",\"pattern\":{\"String\":\"ab\"},\"behavior\":\"Removed\",\"invert\":"
     "true}",
     "xababyab", "ab/ab/ab"},
    {"{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\s+\"},\"behavior\":\"Isolated\",\"invert\":"
     "false}",
     "a  b\x09"
     "c ",
     "a/  /b/\x09/c/ "},
    {"{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"|\"}", "a||b|", "a/b"},
    {"{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"trim_offsets\":true,\"use_regex\":true}",
     "it's 42  o'clock\x0a\x0a \xc3\xa9t\xc3\xa9?! we'll",
     "\xc4\xa0it/'s/\xc4\xa0"
     "42/\xc4\xa0/\xc4\xa0o/'/clock/\xc4\x8a\xc4\x8a/\xc4\xa0\xc3\x83\xc2\xa9t\xc3\x83\xc2\xa9/?!/"
     "\xc4\xa0we/'ll"},
    {"{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":"
     "false}",
     "a b",
     "a\xc4\xa0"
     "b"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\xe2\x96\x81\",\"prepend_scheme\":\"always\","
     "\"split\":true}",
     "a b  c \xe2\x96\x81"
     "d",
     "\xe2\x96\x81"
     "a/\xe2\x96\x81"
     "b/\xe2\x96\x81/\xe2\x96\x81"
     "c/\xe2\x96\x81/\xe2\x96\x81"
     "d"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\xe2\x96\x81\",\"prepend_scheme\":\"never\","
     "\"split\":true}",
     "a b",
     "a/\xe2\x96\x81"
     "b"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\xe2\x96\x81\",\"prepend_scheme\":\"always\","
     "\"split\":false}",
     " a b",
     "\xe2\x96\x81"
     "a\xe2\x96\x81"
     "b"},
    {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Punctuation\",\"behavior\":"
     "\"Isolated\"},{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\","
     "\"split\":true}]}",
     "a,b c", "_a/,/b/_c"},
    {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"},{\"type\":"
     "\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\",\"split\":true}]}",
     " a b", "a/b"},
};

static data_pretokenizer *read_pretokenizer(const char *json, base_error *error) {
    cJSON *tree = base_json_parse(json, strlen(json), "tokenizer.json", 1, error);
    data_pretokenizer *p = tree ? data_pretokenizer_read(tree, "tokenizer.json", error) : NULL;
    cJSON_Delete(tree);
    return p;
}

Test(pretokenizer, each_kind_does_what_the_package_does) {
    data_words words = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        base_error error = {0};
        base_bytes found = {0};
        data_pretokenizer *p = read_pretokenizer(cases[i].json, &error);
        cr_assert_not_null(p, "%s", error.text);
        cr_assert(
            data_pretokenizer_run(p, cases[i].text, strlen(cases[i].text), 1, &words, &error));
        for (size_t k = 0; k < words.count; k++) {
            base_bytes_add(&found, "/", k > 0, &error);
            base_bytes_add(&found, words.text + words.word[k].begin,
                           words.word[k].end - words.word[k].begin, &error);
        }
        cr_expect_str_eq(found.data, cases[i].words, "%s of \"%s\" gave %s, expected %s",
                         cases[i].json, cases[i].text, found.data, cases[i].words);
        base_bytes_free(&found);
        data_pretokenizer_free(p);
    }
    data_words_free(&words);
}

Test(pretokenizer, none_leaves_one_word_and_of_nothing_none) {
    base_error error = {0};
    data_words words = {0};
    data_pretokenizer *p = read_pretokenizer("null", &error);
    cr_assert(data_pretokenizer_run(p, "a b", 3, 1, &words, &error));
    cr_expect_eq(words.count, 1);
    cr_assert(data_pretokenizer_run(p, "", 0, 0, &words, &error));
    cr_expect_eq(words.count, 0);
    data_pretokenizer_free(p);
    data_words_free(&words);
}

Test(pretokenizer, what_is_not_known_is_named) {
    static const struct {
        const char *json, *message;
    } bad[] = {
        {"{\"type\":\"UnicodeScripts\"}", "pre_tokenizer.type is UnicodeScripts, expected one of "},
        {"{\"type\":\"Sequence\"}", "Sequence has no list of pretokenizers"},
        {"{\"type\":\"Punctuation\",\"behavior\":\"Kept\"}", "behavior is Kept, expected Removed"},
        {"{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"}}", "behavior is absent"},
        {"{\"type\":\"Split\",\"behavior\":\"Removed\",\"pattern\":{\"Regex\":\"a*\"}}",
         "regular expression \"a*\""},
        {"{\"type\":\"Metaspace\",\"replacement\":\"ab\"}", "replacement is not one character"},
        {"{\"type\":\"Metaspace\"}", "replacement is not one character"},
        {"{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"}",
         "prepend_scheme is \"last\""},
        {"{\"type\":\"Metaspace\",\"replacement\":\"_\",\"add_prefix_space\":false}",
         "add_prefix_space is false"},
        {"{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"\"}", "delimiter is not one character"},
        {"{\"type\":\"ByteLevel\",\"use_regex\":\"yes\"}", "use_regex is"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        base_error error = {0};
        cr_expect_null(read_pretokenizer(bad[i].json, &error), "%s", bad[i].json);
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect_not_null(strstr(error.text, bad[i].message), "%s\nhas not: %s", error.text,
                           bad[i].message);
    }
}
