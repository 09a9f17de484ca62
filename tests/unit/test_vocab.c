#include "base/utf8.h"
#include "data/line_reader.h"
#include "data/tokenizer.h"
#include "tests/fixture.h"
#include "tests/token_strings.h"
#include "vocab/learner.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static vocab_learner *learner_of(const char *text, bool lower) {
    base_error error = {0};
    vocab_learner *l = vocab_learner_new(lower, &error);
    cr_assert_not_null(l);
    cr_assert(vocab_learner_text(l, text, strlen(text), &error), "%s", error.text);
    return l;
}

static data_vocabulary *learn(const vocab_learner *l, size_t size) {
    base_error error = {0};
    data_vocabulary *v = vocab_learner_learn(l, size, &error);
    cr_assert_not_null(v, "%s", error.text);
    return v;
}

static void expect_pieces(const char *text, bool lower, size_t size, const char *expected) {
    vocab_learner *l = learner_of(text, lower);
    data_vocabulary *v = learn(l, size);
    base_bytes found = {0};
    base_error error = {0};
    for (uint32_t id = 5; id < data_vocabulary_size(v); id++)
        base_bytes_format(&found, &error, id > 5 ? " %s" : "%s",
                          data_vocabulary_piece(v, id, NULL));
    cr_expect_str_eq(found.data, expected, "found %s\nexpected %s", found.data, expected);
    cr_expect_str_eq(data_vocabulary_piece(v, 0, NULL), "[PAD]");
    cr_expect_str_eq(data_vocabulary_piece(v, 4, NULL), "[MASK]");
    base_bytes_free(&found);
    data_vocabulary_free(v);
    vocab_learner_free(l);
}

Test(vocab, letters_come_first_and_then_the_most_frequent_pairs) {
    expect_pieces("hug hug hug pug pug hugs", true, 5 + 11, "g h p s u ##u ##g ##s ##ug hug pug");
    expect_pieces("hug hug hug pug pug hugs", true, 5 + 9, "g h p s u ##u ##g ##s ##ug");
    expect_pieces("A a", false, 100, "A a");
    expect_pieces("A \u00e1", true, 100, "a");
}

/* In "aaaa" the pair (##a, ##a) overlaps itself. */
Test(vocab, pairs_that_overlap_are_joined_from_the_left) {
    expect_pieces("aaaa", true, 100, "a ##a ##aa aaa aaaa");
}

Test(vocab, a_size_without_room_for_the_letters_is_refused) {
    vocab_learner *l = learner_of("abc", true);
    base_error error = {0};
    cr_expect_null(vocab_learner_learn(l, 9, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_not_null(strstr(error.text, "at least 10"), "%s", error.text);
    vocab_learner_free(l);
}

Test(vocab, words_above_100_letters_are_counted_not_learnt) {
    char text[102];
    memset(text, 'q', 101);
    text[101] = 0;
    vocab_learner *l = learner_of(text, true);
    vocab_words words = vocab_learner_words(l);
    cr_expect_eq(words.all, 1);
    cr_expect_eq(words.too_long, 1);
    cr_expect_eq(words.distinct, 0);
    vocab_learner_free(l);
}

/* A tokenizer with the vocabulary learnt. */
static data_tokenizer *tokenizer_of(const data_vocabulary *v, bool lower) {
    base_bytes out = {0};
    base_error error = {0};
    for (uint32_t id = 0; id < data_vocabulary_size(v); id++)
        base_bytes_format(&out, &error, "%s\n", data_vocabulary_piece(v, id, NULL));
    const char *path = fixture_write("vocab.txt", out.data, out.size);
    base_bytes_free(&out);
    data_tokenizer *t = data_tokenizer_from_vocab(path, lower, &error);
    cr_assert_not_null(t, "%s", error.text);
    return t;
}

typedef bool visitor(void *context, const char *text, size_t size, base_error *error);

static bool feed(void *learner, const char *text, size_t size, base_error *error) {
    return vocab_learner_text(learner, text, size, error);
}

typedef struct piece_count {
    const data_tokenizer *tokenizer;
    data_tokens tokens;
    size_t pieces, unknown;
} piece_count;

static bool count(void *context, const char *text, size_t size, base_error *error) {
    piece_count *c = context;
    if (!data_tokenizer_encode(c->tokenizer, text, size, 1 << 20, &c->tokens, error))
        return false;
    c->pieces += c->tokens.count - 2;
    for (size_t i = 0; i < c->tokens.count; i++)
        c->unknown += c->tokens.ids[i] == 1;
    return true;
}

static bool contains(const base_bytes *text, const char *part) {
    for (size_t i = 0; i + strlen(part) <= text->size; i++)
        if (!memcmp(text->data + i, part, strlen(part)))
            return true;
    return false;
}

/* Generated strings, without those that ask for [UNK] by name. */
static void each_string(int count, visitor *visit, void *context) {
    uint64_t state = 3;
    base_bytes text = {0};
    base_error error = {0};
    for (int i = 0; i < count; i++) {
        token_strings_next(&state, &text);
        if (text.size && !contains(&text, "[UNK]"))
            cr_assert(visit(context, text.data, text.size, &error), "%s", error.text);
    }
    base_bytes_free(&text);
}

Test(vocab, no_word_of_its_own_text_is_unknown) {
    base_error error = {0};
    vocab_learner *l = vocab_learner_new(true, &error);
    each_string(300, feed, l);
    data_vocabulary *v = learn(l, 6000);
    data_tokenizer *t = tokenizer_of(v, true);
    piece_count c = {t, {0}, 0, 0};
    each_string(300, count, &c);
    cr_expect_gt(c.pieces, 1000);
    cr_expect_eq(c.unknown, 0);
    data_tokens_free(&c.tokens);
    data_tokenizer_free(t);
    data_vocabulary_free(v);
    vocab_learner_free(l);
}

/* ---- against the package's trainer ---- */

/* Sentences 1 and 2 of a line of STSb: columns 6 and 7. */
static size_t sentence_of(const data_line *line, size_t column, const char **text) {
    const char *at = line->bytes, *end = line->bytes + line->size;
    for (; column > 0; column--)
        at = (const char *)memchr(at, '\t', (size_t)(end - at)) + 1;
    const char *tab = memchr(at, '\t', (size_t)(end - at));
    *text = at;
    return (size_t)((tab ? tab : end) - at);
}

static void each_sentence(const char *path, visitor *visit, void *context) {
    base_error error = {0};
    data_line line;
    data_line_reader *lines = data_line_reader_open(path, &error);
    cr_assert_not_null(lines, "%s", error.text);
    while (data_line_reader_next(lines, &line, &error))
        for (size_t column = 5; column < 7; column++) {
            const char *text;
            size_t size = sentence_of(&line, column, &text);
            cr_assert(visit(context, text, size, &error), "%s", error.text);
        }
    data_line_reader_close(lines);
}

/* By tests/golden/make_tokenizer_digests.py: 58413 pieces for the 40566 words of STSb dev. */
Test(vocab, stsb_takes_as_many_pieces_as_with_the_package) {
    const char *path = fixture_shared("data/stsb/sts-dev.csv");
    base_error error = {0};
    vocab_learner *l = vocab_learner_new(true, &error);
    each_sentence(path, feed, l);
    cr_expect_eq(vocab_learner_words(l).all, 40566);
    data_vocabulary *v = learn(l, 2000);
    cr_expect_eq(data_vocabulary_size(v), 2000);
    data_tokenizer *t = tokenizer_of(v, true);
    piece_count c = {t, {0}, 0, 0};
    each_sentence(path, count, &c);
    cr_expect_eq(c.unknown, 0);
    cr_expect((double)c.pieces > 58413 * 0.98 && (double)c.pieces < 58413 * 1.02, "%zu pieces",
              c.pieces);
    data_tokens_free(&c.tokens);
    data_tokenizer_free(t);
    data_vocabulary_free(v);
    vocab_learner_free(l);
}
