#include "data/bpe.h"
#include "data/tokenizer_json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };

typedef struct setup {
    const char *pieces; /* with blanks between */
    const char *merges; /* as merges.txt has them */
    data_bpe_settings settings;
    const char *words[MOST][2]; /* a word, and the pieces that tokenizers 0.23.3 gives */
} setup;

#define PLAIN "a b c ab bc abc <unk> <0x64> <0xC3> <0xA9> aa aaa"

static const setup setups[] = {
    {PLAIN,
     "a b\nb c\nab c\na a\n",
     {0},
     {{"abc", "abc"}, {"bcabc", "bc abc"}, {"aaaaa", "aa aa a"}, {"abd", "ab"}, {"d", ""}}},
    {PLAIN,
     "a b\nab c\n",
     {.unknown = "<unk>"},
     {{"adda", "a <unk> <unk> a"}, {"dd", "<unk> <unk>"}}},
    {PLAIN,
     "a b\nab c\n",
     {.unknown = "<unk>", .fuse_unknown = true},
     {{"adda", "a <unk> a"}, {"dd", "<unk>"}}},
    /* The unknown one waits for the next known character, behind bytes that came later. */
    {PLAIN,
     "a b\nab c\n",
     {.unknown = "<unk>", .fuse_unknown = true, .byte_fallback = true},
     {{"ad\u00e9xa", "a <0x64> <0xC3> <0xA9> <unk> a"}, {"xdya", "<0x64> <unk> a"}}},
    {PLAIN, "a b\n", {.ignore_merges = true}, {{"abc", "abc"}, {"abcab", "ab c ab"}}},
    {"a ##b ab c</w> ##c</w> ##bc</w> abc</w> a</w>",
     "##b ##c</w>\na ##bc</w>\n",
     {.prefix = "##", .suffix = "</w>"},
     {{"abc", "abc</w>"}, {"a", "a</w>"}, {"ab", "a"}, {"c", "c</w>"}}},
    {"a b c bc ab abc", "b c\r\na bc\r\na b\r\nab c\r\nb c", {0}, {{"abc", "abc"}}},
};

static data_vocabulary *vocabulary_of(const char *pieces) {
    base_error error = {0};
    data_vocabulary *v = data_vocabulary_new(&error);
    for (const char *at = pieces; *at;) {
        size_t n = strcspn(at, " ");
        cr_assert_neq(data_vocabulary_add(v, at, n, &error), DATA_NO_PIECE);
        at += n + (at[n] == ' ');
    }
    return v;
}

static void expect_word(const data_bpe *m, const data_vocabulary *v, const char *word,
                        const char *pieces, data_bpe_scratch *scratch) {
    base_error error = {0};
    base_bytes found = {0};
    data_tokens out = {.limit = SIZE_MAX / 2};
    base_bytes_add(&found, "", 0, &error);
    cr_assert(data_bpe_encode(m, word, strlen(word), scratch, &out, &error), "%s", error.text);
    for (size_t i = 0; i < out.count; i++)
        base_bytes_format(&found, &error, i ? " %s" : "%s",
                          data_vocabulary_piece(v, out.ids[i], NULL));
    cr_expect_str_eq(found.data ? found.data : "", pieces, "%s: %s", word, found.data);
    base_bytes_free(&found);
    data_tokens_free(&out);
}

/* Each word twice: the second time it is remembered. The scratch goes from model to model. */
Test(bpe, words_become_the_pieces_of_the_package) {
    data_bpe_scratch scratch = {0};
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        const setup *s = &setups[i];
        base_error error = {0};
        data_vocabulary *v = vocabulary_of(s->pieces);
        data_bpe *m = data_bpe_new(v, &s->settings, &error);
        cr_assert(m && data_bpe_merge_lines(m, s->merges, strlen(s->merges), "m", &error), "%s",
                  error.text);
        for (int again = 0; again < 2; again++)
            for (size_t k = 0; k < MOST && s->words[k][0]; k++)
                expect_word(m, v, s->words[k][0], s->words[k][1], &scratch);
        data_bpe_free(m);
        data_vocabulary_free(v);
    }
    data_bpe_scratch_free(&scratch);
}

/* A word of a million letters takes time that grows little faster than it; the cache begins anew
 * when it is full. */
Test(bpe, long_words_and_many_words, .timeout = 30) {
    base_error error = {0};
    data_vocabulary *v = vocabulary_of(PLAIN);
    data_bpe *m = data_bpe_new(v, &(data_bpe_settings){0}, &error);
    cr_assert(data_bpe_merge_lines(m, "a a\naa a\n", 9, "m", &error));
    data_bpe_scratch scratch = {0};
    data_tokens out = {.limit = SIZE_MAX / 2};
    char *word = base_alloc(1000000, 1, &error);
    memset(word, 'a', 1000000);
    cr_assert(data_bpe_encode(m, word, 1000000, &scratch, &out, &error));
    cr_expect_eq(out.count, 500000);
    for (int i = 0; i < 40000; i++) {
        char name[48];
        int n = snprintf(name, sizeof name, "bcbcbcbcbcbcbcbcb%d", i);
        out.count = 0;
        cr_assert(data_bpe_encode(m, name, (size_t)n, &scratch, &out, &error));
        cr_assert_eq(out.count, 17);
    }
    free(word);
    data_tokens_free(&out);
    data_bpe_scratch_free(&scratch);
    data_bpe_free(m);
    data_vocabulary_free(v);
}

static void expect_bad_merges(const char *lines, const char *list, const char *message,
                              const data_bpe_settings *settings) {
    base_error error = {0};
    data_vocabulary *v = vocabulary_of(PLAIN);
    data_bpe *m = data_bpe_new(v, settings, &error);
    cr_expect_not(lines ? data_bpe_merge_lines(m, lines, strlen(lines), "merges.txt", &error)
                        : data_tokenizer_json_merges(list, "tokenizer.json", m, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_str_eq(error.text, message);
    data_bpe_free(m);
    data_vocabulary_free(v);
}

Test(bpe, bad_merges_are_named_with_their_line) {
    data_bpe_settings plain = {0}, prefixed = {.prefix = "##"};
    expect_bad_merges("#version: 0.2\na b\nab\n", NULL,
                      "merges.txt: line 3: expected two pieces with a blank between", &plain);
    expect_bad_merges("a b c\n", NULL,
                      "merges.txt: line 1: expected two pieces with a blank between", &plain);
    expect_bad_merges("a b\n\n", NULL,
                      "merges.txt: line 2: expected two pieces with a blank between", &plain);
    expect_bad_merges("a x\n", NULL,
                      "merges.txt: line 1: the merge's piece \"x\" is not in the vocabulary",
                      &plain);
    expect_bad_merges("c b\n", NULL,
                      "merges.txt: line 1: the merge's piece \"cb\" is not in the vocabulary",
                      &plain);
    expect_bad_merges("a b\n", NULL,
                      "merges.txt: line 1: the merge's piece \"b\" is not in the vocabulary",
                      &prefixed);
    expect_bad_merges(NULL, "[\"a b\", [\"b\", \"c\"], \"ab\"]",
                      "tokenizer.json: model.merges[2] is not two pieces", &plain);
    expect_bad_merges(NULL, "[[\"a\"]]", "tokenizer.json: model.merges[0] is not two pieces",
                      &plain);
    expect_bad_merges(NULL, "[[\"a\", \"b\", \"c\"]]",
                      "tokenizer.json: model.merges[0] is not two pieces", &plain);
    expect_bad_merges(NULL, "[1]", "tokenizer.json: model.merges[0] is not two pieces", &plain);
    expect_bad_merges(
        NULL, "[[\"a\", \"z\"]]",
        "tokenizer.json: model.merges[0]: the merge's piece \"z\" is not in the vocabulary",
        &plain);
}

Test(bpe, an_unknown_piece_outside_the_vocabulary_is_an_error_when_it_is_needed) {
    base_error error = {0};
    data_vocabulary *v = vocabulary_of("a b");
    data_bpe *m = data_bpe_new(v, &(data_bpe_settings){.unknown = "<?>"}, &error);
    data_bpe_scratch scratch = {0};
    data_tokens out = {.limit = SIZE_MAX / 2};
    cr_expect(data_bpe_encode(m, "ab", 2, &scratch, &out, &error));
    cr_expect_not(data_bpe_encode(m, "ax", 2, &scratch, &out, &error));
    cr_expect_not_null(strstr(error.text, "\"<?>\" for unknown characters"), "%s", error.text);
    data_bpe_scratch_free(&scratch);
    data_tokens_free(&out);
    data_bpe_free(m);
    data_vocabulary_free(v);
}
