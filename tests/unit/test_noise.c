#include "data/noise.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static base_error error;

static data_corpus *corpus_of(const char *const *texts, size_t count) {
    error = (base_error){0};
    data_corpus *corpus = data_corpus_new("a.txt", 1, DATA_TARGET_SCORE, &error);
    data_corpus_set_range(corpus, 0, 5);
    for (size_t i = 0; i < count; i++) {
        data_row row = {.columns = 1, .line = 10 + i, .score = (double)i};
        row.text[0] = (data_text){texts[i], strlen(texts[i])};
        cr_assert(data_corpus_add(corpus, &row, &error), "%s", error.text);
    }
    return corpus;
}

static data_corpus *noisy(const data_corpus *corpus, double ratio, uint64_t seed) {
    data_corpus *out = data_noise_add(corpus, ratio, seed, &error);
    cr_assert(out, "%s", error.text);
    return out;
}

static void expect_row(const data_corpus *corpus, size_t i, const char *noise, const char *text) {
    data_row row;
    data_corpus_row(corpus, i, &row);
    cr_expect_eq(row.columns, 2);
    cr_expect_eq(row.text[0].size, strlen(noise), "%.*s", (int)row.text[0].size, row.text[0].bytes);
    cr_expect_arr_eq(row.text[0].bytes, noise, strlen(noise));
    cr_expect_arr_eq(row.text[1].bytes, text, strlen(text));
    cr_expect_eq(row.line, 10 + i);
    cr_expect_float_eq(row.score, (double)i, 1e-12);
}

Test(noise, ends_of_the_ratio) {
    static const char *const texts[] = {" a\tb\xc2\xa0 c  ", "", "  ", "one"};
    data_corpus *corpus = corpus_of(texts, 4), *none = noisy(corpus, 0, 1),
                *all = noisy(corpus, 1, 1);
    double low, high;
    expect_row(none, 0, "a b c", texts[0]); /* a no-break space parts words, too */
    expect_row(none, 1, "", texts[1]);
    expect_row(none, 2, "  ", texts[2]);
    cr_expect(data_corpus_range(none, &low, &high) && low == 0 && high == 5);
    expect_row(all, 3, "one", "one");
    data_row row;
    data_corpus_row(all, 0, &row);
    cr_expect(row.text[0].size == 1 && strchr("abc", row.text[0].bytes[0]), "one word stays");
    data_corpus_free(corpus);
    data_corpus_free(none);
    data_corpus_free(all);
}

/* A text is bytes, and a NUL one of them. */
Test(noise, a_word_keeps_its_bytes) {
    static const char bytes[] = "a\0b c";
    data_corpus *corpus = data_corpus_new("a.txt", 1, DATA_TARGET_NONE, &error);
    data_row row = {.columns = 1, .line = 1};
    row.text[0] = (data_text){bytes, 5};
    cr_assert(data_corpus_add(corpus, &row, &error), "%s", error.text);
    data_corpus *none = noisy(corpus, 0, 1);
    data_corpus_row(none, 0, &row);
    cr_assert_eq(row.text[0].size, 5);
    cr_expect_arr_eq(row.text[0].bytes, bytes, 5);
    data_corpus_free(none);
    data_corpus_free(corpus);
}

enum { ROWS = 2000, WORDS = 5 };

/* How often each word is left, and how many rows are as in `other`. */
static size_t count_words(const data_corpus *noise, const data_corpus *other, size_t *count) {
    size_t same = 0;
    for (size_t i = 0; i < ROWS; i++) {
        data_row row, twin;
        data_corpus_row(noise, i, &row);
        data_corpus_row(other, i, &twin);
        for (size_t k = 0; k < row.text[0].size; k += 2)
            count[row.text[0].bytes[k] - 'a']++;
        same += row.text[0].size == twin.text[0].size &&
                !memcmp(row.text[0].bytes, twin.text[0].bytes, row.text[0].size);
    }
    return same;
}

/* Each word stays as often as any other: 1 - r, and a fifth of r^5. */
Test(noise, words_are_deleted_evenly_by_seed_and_row) {
    const char *texts[ROWS];
    for (size_t i = 0; i < ROWS; i++)
        texts[i] = "a b c d e";
    data_corpus *corpus = corpus_of(texts, ROWS), *one = noisy(corpus, 0.6, 1),
                *again = noisy(corpus, 0.6, 1), *two = noisy(corpus, 0.6, 2);
    size_t count[WORDS] = {0}, unused[WORDS] = {0};
    cr_expect_eq(count_words(one, again, unused), ROWS);
    cr_expect_lt(count_words(one, two, count), ROWS / 4, "another seed, another noise");
    double share = 0.4 + pow(0.6, WORDS) / WORDS, spread = sqrt(ROWS * share * (1 - share));
    for (size_t k = 0; k < WORDS; k++)
        cr_expect_float_eq((double)count[k], ROWS * share, 4 * spread, "word %zu: %zu", k,
                           count[k]);
    data_corpus_free(corpus);
    data_corpus_free(one);
    data_corpus_free(again);
    data_corpus_free(two);
}
