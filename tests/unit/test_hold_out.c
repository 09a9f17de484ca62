/* Rows that are drawn, and rows that are held out. */
#include "data/hold_out.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static data_corpus *pairs(size_t rows, size_t texts, uint64_t seed) {
    base_error error = {0};
    base_random random = base_random_stream(seed, "pairs");
    data_corpus *corpus = data_corpus_new("pairs", 2, DATA_TARGET_NONE, &error);
    for (size_t i = 0; i < rows; i++) {
        char a[32], b[32];
        snprintf(a, sizeof a, "%u", (unsigned)base_random_below(&random, texts));
        snprintf(b, sizeof b, "%u", (unsigned)base_random_below(&random, texts));
        data_row row = {.text = {{a, strlen(a)}, {b, strlen(b)}}, .columns = 2, .line = i + 1};
        cr_assert(data_corpus_add(corpus, &row, &error));
    }
    return corpus;
}

static bool shares_text(const data_corpus *corpus, size_t i, size_t j) {
    data_row a, b;
    data_corpus_row(corpus, i, &a);
    data_corpus_row(corpus, j, &b);
    for (size_t k = 0; k < 4; k++)
        if (a.text[k / 2].size == b.text[k % 2].size &&
            !memcmp(a.text[k / 2].bytes, b.text[k % 2].bytes, a.text[k / 2].size))
            return true;
    return false;
}

Test(hold_out, no_text_is_on_both_sides) {
    enum { ROWS = 400 };
    base_error error = {0};
    bool taken[ROWS];
    size_t held, groups, seen = 0;
    for (size_t texts = 300; texts < 20000; texts *= 4) {
        data_corpus *corpus = pairs(ROWS, texts, texts);
        cr_assert(
            data_hold_out(corpus, 80, base_random_stream(1, "a"), taken, &held, &groups, &error));
        size_t count = 0;
        for (size_t i = 0; i < ROWS; i++) {
            count += taken[i];
            for (size_t j = 0; j < i; j++)
                cr_assert(taken[i] == taken[j] || !shares_text(corpus, i, j));
        }
        cr_expect_eq(count, held);
        cr_expect(held <= 80 && groups <= held);
        seen += held;
        data_corpus_free(corpus);
    }
    cr_expect_geq(seen, 80); /* 300 texts join nearly all rows, 19200 hardly any */
}

/* 0-1-2 are joined by texts of different columns, 3 is alone, 4-5 share one. */
Test(hold_out, joined_rows_are_a_group_and_large_ones_are_passed_over) {
    static const char *const rows[][2] = {{"a", "b"}, {"b", "c"}, {"d", "c"},
                                          {"e", "f"}, {"g", "h"}, {"i", "g"}};
    base_error error = {0};
    data_corpus *corpus = data_corpus_new("rows", 2, DATA_TARGET_NONE, &error);
    for (size_t i = 0; i < 6; i++)
        cr_assert(data_corpus_add(
            corpus, &(data_row){.text = {{rows[i][0], 1}, {rows[i][1], 1}}, .columns = 2}, &error));
    for (uint64_t seed = 0; seed < 30; seed++) {
        bool t[6];
        size_t held, groups;
        base_random random = base_random_stream(seed, "b");
        cr_assert(data_hold_out(corpus, 2, random, t, &held, &groups, &error));
        cr_expect(!t[0] && !t[1] && !t[2] && t[4] == t[5] && t[3] != t[4]);
        cr_expect(held == (t[3] ? 1 : 2) && groups == 1);
        cr_assert(data_hold_out(corpus, 6, random, t, &held, &groups, &error));
        cr_expect(held == 6 && groups == 3);
        cr_assert(data_hold_out(corpus, 0, random, t, &held, &groups, &error));
        cr_expect(held == 0 && groups == 0);
    }
    data_corpus_free(corpus);
}

Test(hold_out, every_row_is_drawn_as_often) {
    enum { ROWS = 10, TIMES = 20000 };
    size_t of[ROWS] = {0};
    for (size_t t = 0; t < TIMES; t++) {
        bool taken[ROWS];
        size_t count = 0;
        data_draw_rows(ROWS, 3, base_random_stream(t, "draw"), taken);
        for (size_t i = 0; i < ROWS; i++) {
            count += taken[i];
            of[i] += taken[i];
        }
        cr_assert_eq(count, 3);
    }
    for (size_t i = 0; i < ROWS; i++) /* 6000, standard deviation 65 */
        cr_expect(of[i] > 5700 && of[i] < 6300, "%zu", of[i]);
}
