/* Search over rows of floats, as programs that link the library meet it. */
#include "sbert.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Directions in a plane, by degrees: cosines are those of differences. */
enum { ROWS = 6, WIDTH = 2 };
static const double degrees[ROWS] = {0, 10, 90, 95, 200, 9};
static float values[ROWS * WIDTH];

static sbert_rows rows_of(size_t first, size_t count) {
    for (size_t i = 0; i < ROWS; i++) {
        values[i * WIDTH] = (float)cos(degrees[i] * acos(-1) / 180);
        values[i * WIDTH + 1] = (float)sin(degrees[i] * acos(-1) / 180);
    }
    return (sbert_rows){values + first * WIDTH, count, WIDTH};
}

static double cosine_of(size_t a, size_t b) {
    return cos((degrees[a] - degrees[b]) * acos(-1) / 180);
}

Test(api_search, nearest_rows) {
    sbert_hit hits[2 * 3];
    sbert_failure why;
    cr_assert_eq(sbert_search(rows_of(0, 2), rows_of(2, 4), SBERT_COSINE, 3, hits, &why), 0);
    const size_t expected[] = {3, 0, 1, 3, 0, 1};
    for (size_t i = 0; i < 6; i++) {
        cr_expect_eq(hits[i].row, expected[i]);
        cr_expect_float_eq(hits[i].score, cosine_of(i / 3, 2 + expected[i]), 1e-6);
    }
    cr_expect_str_eq(why.sentence, "");
    cr_assert_eq(sbert_search(rows_of(0, 1), rows_of(2, 4), SBERT_EUCLIDEAN, 1, hits, NULL), 0);
    cr_expect_float_eq(hits[0].score, -2 * sin(4.5 * acos(-1) / 180), 1e-6);
}

Test(api_search, what_is_wrong_is_said) {
    sbert_hit hits[4];
    sbert_failure why;
    cr_expect_eq(sbert_search(rows_of(0, 1), rows_of(2, 4), SBERT_COSINE, 5, hits, &why), -1);
    cr_expect(strstr(why.sentence, "k is 5, expected 1 to 4"), "%s", why.sentence);
    sbert_rows wide = {values, 1, 4};
    cr_expect_eq(sbert_search(wide, rows_of(2, 4), SBERT_DOT, 1, hits, &why), -1);
    cr_expect(strstr(why.sentence, "columns"), "%s", why.sentence);
    cr_expect_eq(sbert_search(wide, wide, (sbert_function)7, 1, hits, NULL), -1);
    sbert_pair *pairs;
    size_t count;
    cr_expect_eq(sbert_mine(rows_of(0, 1), SBERT_COSINE, -1, 5, 0, &pairs, &count, &why), -1);
    cr_expect(strstr(why.sentence, "at least 2") && !pairs && count == 0, "%s", why.sentence);
}

Test(api_search, most_similar_pairs) {
    sbert_pair *pairs;
    size_t count;
    for (size_t top_k = 0; top_k < 3; top_k += 2) {
        cr_assert_eq(
            sbert_mine(rows_of(0, ROWS), SBERT_COSINE, 0.98, 10, top_k, &pairs, &count, NULL), 0);
        cr_assert_eq(count, 4);
        cr_expect(pairs[0].a == 1 && pairs[0].b == 5);
        cr_expect(pairs[1].a == 2 && pairs[1].b == 3);
        cr_expect(pairs[2].a == 0 && pairs[2].b == 5);
        cr_expect(pairs[3].a == 0 && pairs[3].b == 1);
        cr_expect_float_eq(pairs[3].score, cosine_of(0, 1), 1e-6);
        free(pairs);
    }
}

Test(api_search, pairs_between_two_sets) {
    sbert_pair *pairs;
    size_t count;
    cr_assert_eq(sbert_mine_between(rows_of(0, 3), rows_of(3, 3), SBERT_COSINE, 0, 0, 10, &pairs,
                                    &count, NULL),
                 0);
    cr_assert_eq(count, 2);
    cr_expect(pairs[0].a == 1 && pairs[0].b == 2 && pairs[1].a == 2 && pairs[1].b == 0);
    free(pairs);
    cr_assert_eq(sbert_mine_between(rows_of(0, 3), rows_of(3, 3), SBERT_COSINE, 2, -HUGE_VAL, 1,
                                    &pairs, &count, NULL),
                 0);
    cr_expect_eq(count, 1);
    free(pairs);
}

Test(api_search, hard_negatives) {
    const size_t positives[] = {5, 3, 4}, positive_counts[] = {1, 2};
    sbert_negative_options options = {.count = 2, .range_max = 4};
    sbert_hit hits[4];
    size_t counts[2];
    sbert_failure why;
    cr_assert_eq(sbert_hard_negatives(rows_of(0, 2), rows_of(0, ROWS), positives, positive_counts,
                                      SBERT_COSINE, &options, hits, counts, &why),
                 0, "%s", why.sentence);
    cr_expect(counts[0] == 2 && hits[0].row == 0 && hits[1].row == 1);
    cr_expect(counts[1] == 2 && hits[2].row == 1 && hits[3].row == 5);
    options.absolute_margin = 0.001; /* nothing above cos 9 - 0.001 */
    cr_assert_eq(sbert_hard_negatives(rows_of(0, 1), rows_of(0, ROWS), positives, NULL,
                                      SBERT_COSINE, &options, hits, counts, NULL),
                 0);
    cr_expect(counts[0] == 2 && hits[0].row == 1 && hits[1].row == 2);
    const size_t wrong[] = {6};
    cr_expect_eq(sbert_hard_negatives(rows_of(0, 1), rows_of(0, ROWS), wrong, NULL, SBERT_COSINE,
                                      &options, hits, counts, &why),
                 -1);
    cr_expect(strstr(why.sentence, "row 6, expected 0 to 5"), "%s", why.sentence);
}
