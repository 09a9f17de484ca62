#include "base/utf8.h"
#include "data/charsmap.h"
#include "data/grapheme.h"
#include "data/normalizer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* What tokenizers 0.23.3 makes of each text. The map of Precompiled turns "a" into "!?"; a cluster
 * of up to 5 bytes that begins with it is replaced as a whole. */
static const struct {
    const char *json, *text, *normalised;
} cases[] = {
    {"{\"type\":\"NFC\"}",
     "e\xcc\x81 \xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8 \xe0\xa5\x98 a\xcc\xa3\xcc\x87 "
     "\xe0\xa7\x87\xe0\xa6\xbe",
     "\xc3\xa9 \xea\xb0\x81 \xe0\xa4\x95\xe0\xa4\xbc \xe1\xba\xa1\xcc\x87 \xe0\xa7\x8b"},
    {"{\"type\":\"NFD\"}", "\xc3\xa9\xea\xb0\x81\xe1\xb9\xa9",
     "e\xcc\x81\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8s\xcc\xa3\xcc\x87"},
    {"{\"type\":\"NFKC\"}",
     "\xef\xac\x81\xe2\x91\xa0\xe2\x81\xb5\xc5\xbf\xcc\xa3\xcc\x87 \xef\xb7\xba",
     "fi15\xe1\xb9\xa9 \xd8\xb5\xd9\x84\xd9\x89 \xd8\xa7\xd9\x84\xd9\x84\xd9\x87 "
     "\xd8\xb9\xd9\x84\xd9\x8a\xd9\x87 \xd9\x88\xd8\xb3\xd9\x84\xd9\x85"},
    {"{\"type\":\"NFKD\"}", "\xef\xac\x81\xc2\xbd\xe1\xba\x9b\xcc\xa3",
     "fi1\xe2\x81\x84"
     "2s\xcc\xa3\xcc\x87"},
    {"{\"type\":\"NFD\"}",
     "a\xcc\x95\xcc\x80\xd6\xae\xcc\xb4"
     "b",
     "a\xcc\xb4\xd6\xae\xcc\x80\xcc\x95"
     "b"},
    {"{\"type\":\"NFKC\"}", "\xea\x9f\xb2\xf0\x90\x9e\x81", "\xea\x9f\xb2\xf0\x90\x9e\x81"},
    {"{\"type\":\"Lowercase\"}", "\xc4\xb0STANBUL \xe1\xba\x9e\xce\xa3",
     "i\xcc\x87stanbul \xc3\x9f\xcf\x83"},
    {"{\"type\":\"StripAccents\"}", "e\xcc\x81\xe0\xa4\x83\xe2\x83\x9d", "e"},
    {"{\"type\":\"Nmt\"}",
     "a\xe2\x80\x8b"
     "b\x07"
     "c\x09"
     "d\xef\xbf\xbd\x0b"
     "e",
     "a bc d e"},
    {"{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":false}", " \xe3\x80\x80 a b \x0a",
     "a b \x0a"},
    {"{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true}", " a b \x0a", " a b"},
    {"{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}", " \x0a ", ""},
    {"{\"type\":\"Prepend\",\"prepend\":\"\xe2\x96\x81\"}", "a",
     "\xe2\x96\x81"
     "a"},
    {"{\"type\":\"Prepend\",\"prepend\":\"\xe2\x96\x81\"}", "", ""},
    {"{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"}", "a  b c    d",
     "a b c d"},
    {"{\"type\":\"Replace\",\"pattern\":{\"String\":\"''\"},\"content\":\"\\\"\"}", "'''x''",
     "\"'x\""},
    {"{\"type\":\"ByteLevel\"}", "a \xc3\xa9\x0a", "a\xc4\xa0\xc3\x83\xc2\xa9\xc4\x8a"},
    {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"DAAAAACAAQBhDQAAAAAAgCE/AA==\"}",
     "aba\xcc\x81 a\xcc\x81\xcc\x81\xcc\x81"
     "c",
     "!?b!? !?\xcc\x81\xcc\x81\xcc\x81"
     "c"},
    {"{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_"
     "accents\":null,\"lowercase\":true}",
     "\x01\xc3\x89\xe4\xb8\xad"
     "A",
     "e \xe4\xb8\xad a"},
    {"{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKD\"},{\"type\":\"Sequence\","
     "\"normalizers\":[{\"type\":\"StripAccents\"},{\"type\":\"Lowercase\"}]}]}",
     "\xc3\x89\xef\xbc\xa1", "ea"},
};

static data_normalizer *read_normalizer(const char *json, base_error *error) {
    cJSON *tree = base_json_parse(json, strlen(json), "tokenizer.json", 1, error);
    data_normalizer *n = tree ? data_normalizer_read(tree, "tokenizer.json", error) : NULL;
    cJSON_Delete(tree);
    return n;
}

Test(normalizer, each_kind_does_what_the_package_does) {
    data_normal_text out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        base_error error = {0};
        data_normalizer *n = read_normalizer(cases[i].json, &error);
        cr_assert_not_null(n, "%s", error.text);
        cr_assert(
            data_normalizer_run(n, cases[i].text, strlen(cases[i].text), false, &out, &error));
        cr_expect(out.text.size == strlen(cases[i].normalised) &&
                      !memcmp(out.text.data, cases[i].normalised, out.text.size),
                  "%s of %s gave %s, expected %s", cases[i].json, cases[i].text, out.text.data,
                  cases[i].normalised);
        data_normalizer_free(n);
    }
    data_normal_text_free(&out);
}

Test(normalizer, the_head_is_what_stems_from_the_first_character) {
    static const struct {
        const char *json, *text;
        size_t head;
    } heads[] = {
        {"null", "\xc3\xa9x", 2},
        {"{\"type\":\"NFD\"}", "\xc3\xa9x", 3},
        {"{\"type\":\"Prepend\",\"prepend\":\"__\"}", "ab", 3},
        {"{\"type\":\"Strip\"}", " a", 0},
        {"{\"type\":\"Strip\"}", "a ", 1},
        {"{\"type\":\"StripAccents\"}",
         "\xcc\x81"
         "a",
         0},
        {"{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"bcd\"}", "aa", 3},
        {"{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\"_\"}", "  a", 0},
    };
    data_normal_text out = {0};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        base_error error = {0};
        data_normalizer *n = read_normalizer(heads[i].json, &error);
        cr_assert_not_null(n, "%s", error.text);
        cr_assert(data_normalizer_run(n, heads[i].text, strlen(heads[i].text), true, &out, &error));
        cr_expect_eq(out.head, heads[i].head, "%s: head %zu", heads[i].json, out.head);
        data_normalizer_free(n);
    }
    data_normal_text_free(&out);
}

Test(normalizer, what_is_not_known_is_named) {
    static const struct {
        const char *json, *message;
    } bad[] = {
        {"{\"type\":\"NFX\"}", "normalizer.type is NFX, expected one of BertNormalizer, NFC, "},
        {"{}", "normalizer.type is absent"},
        {"{\"type\":\"Sequence\"}", "Sequence has no list of normalizers"},
        {"{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"Foo\"}]}",
         "normalizer.type is Foo"},
        {"{\"type\":\"Prepend\"}", "Prepend has no prepend"},
        {"{\"type\":\"Replace\",\"content\":\"\"}", "normalizer.pattern is no pattern"},
        {"{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a|b)+\"},\"content\":\"\"}",
         "the regular expression \"(a|b)+\" is not one of those"},
        {"{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"\"}", "is no pattern"},
        {"{\"type\":\"Precompiled\"}", "has no precompiled_charsmap"},
        {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"A*==\"}", "no base64"},
        {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAA\"}", "no base64"},
        {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAB=\"}", "no base64"},
        {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}", "3 bytes, too few"},
        {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAEAAAAA\"}", "too few"},
        {"{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"BAAAAAAAAAD/\"}", "no UTF-8"},
        {"{\"type\":\"Strip\",\"strip_left\":1}", "strip_left is"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        base_error error = {0};
        cr_expect_null(read_normalizer(bad[i].json, &error), "%s", bad[i].json);
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect_not_null(strstr(error.text, bad[i].message), "%s\nhas not: %s", error.text,
                           bad[i].message);
    }
}

Test(normalizer, a_map_goes_to_base64_and_back) {
    static const char *const maps[] = {
        "DAAAAACAAQBhDQAAAAAAgCE/AA==", "BAAAAAAAAABhAA==", "BAAAAAAAAAAA", "BAAAAAAAAABhYgA="};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        base_error error = {0};
        base_bytes out = {0};
        data_charsmap *map = data_charsmap_from_base64(maps[i], "x", &error);
        cr_assert_not_null(map, "%s", error.text);
        cr_assert(data_charsmap_to_base64(map, &out, &error));
        cr_expect_str_eq(out.data, maps[i]);
        base_bytes_free(&out);
        data_charsmap_free(map);
    }
}

/* Marks in a row are ordered in time that grows with their number alone. */
Test(normalizer, a_million_marks_are_ordered, .timeout = 20) {
    base_error error = {0};
    base_bytes text = {0};
    data_normal_text out = {0};
    for (int i = 0; i < 500000; i++)
        base_bytes_add(&text, i % 2 ? "\xcc\x81" : "\xcc\xa3", 2, &error);
    data_normalizer *n = read_normalizer("{\"type\":\"NFC\"}", &error);
    cr_assert(data_normalizer_run(n, text.data, text.size, false, &out, &error));
    cr_expect_eq(out.text.size, text.size);
    cr_expect(!memcmp(out.text.data, "\xcc\xa3\xcc\xa3", 4));
    data_normalizer_free(n);
    data_normal_text_free(&out);
    base_bytes_free(&text);
}

/* By the rules of Unicode Standard Annex 29: "|" where a cluster ends. */
Test(normalizer, grapheme_clusters) {
    static const char *const lines[] = {
        "\r\n|\r|a\xcc\x88|\n|\xcc\x88",                     /* GB3 to GB5, GB9 */
        "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8|\xe1\x84\x80", /* GB6 to GB8 */
        "\xea\xb0\x80\xe1\x86\xa8\xe1\x86\xa8|\xea\xb0\x80", /* LV T T, LV */
        ("\xe0\xa4\x95\xe0\xa4\x83|\xd8\x80"
         "a|b"),                                             /* GB9a, GB9b */
        "\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\x95|\xe0\xa4\x95", /* GB9c */
        "\xe2\x98\x80\xe2\x80\x8d\xe2\x98\x80|\xe2\x98\x80", /* GB11 */
        "a\xe2\x80\x8d|\xe2\x98\x80",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[80];
        size_t size = 0, at = 0;
        for (const char *c = lines[i]; *c; c++)
            if (*c != '|')
                text[size++] = *c;
        for (const char *part = lines[i]; at < size;) {
            size_t n = strcspn(part, "|"), end = data_grapheme_end(text, size, at);
            cr_expect_eq(end, at + n, "line %zu: %zu to %zu, expected %zu", i, at, end, at + n);
            at += n;
            part += n + 1;
        }
    }
}
