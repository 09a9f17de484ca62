/* Metrics against numbers of SciPy 1.17 (pearsonr, spearmanr, rankdata). */
#include "baseline/bag.h"
#include "eval/metrics.h"
#include "search/similarity.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100000 };

/* The same numbers as the script that asked SciPy: x[i] = (7919 i mod 1000) / 10 - 3 (31 i mod 7),
 * y[i] = (17 i^2 + 5 i) mod 6. */
static void fill(double *x, double *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        x[i] = (double)((i * 7919) % 1000) / 10 - 3 * (double)((31 * i) % 7);
        y[i] = (double)((17 * i * i + 5 * i) % 6);
    }
}

static double spearman_of(const double *x, const double *y, size_t n) {
    base_error error = {0};
    eval_value v;
    cr_assert(eval_spearman(x, y, n, &v, &error), "%s", error.text);
    cr_assert_null(v.undefined, "%s", v.undefined);
    return v.value;
}

Test(metrics, correlations_are_scipys) {
    static const struct golden {
        size_t n;
        double pearson, spearman;
    } golden[] = {
        {2, 1, 1},
        {3, 0.6595393554908235, 0.8660254037844387},
        {10, 0.3904138973532329, 0.3418817293789138},
        {1379, -0.003670958541338372, -0.0037669905952292053},
        {MOST, 6.43928275753268e-06, 7.264717526324839e-06},
    };
    double *x = malloc(MOST * sizeof *x), *y = malloc(MOST * sizeof *y);
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        fill(x, y, golden[i].n);
        cr_expect_float_eq(eval_pearson(x, y, golden[i].n).value, golden[i].pearson, 1e-9);
        cr_expect_float_eq(spearman_of(x, y, golden[i].n), golden[i].spearman, 1e-9);
    }
    free(x);
    free(y);
}

Test(metrics, ties_and_a_large_offset_lose_nothing) {
    double x[] = {0.1, 0.2, 0.2, 0.4, -3, 7, 7, 7, 0.5, 1}, y[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3};
    for (size_t i = 0; i < 10; i++)
        x[i] += 1e6;
    cr_expect_float_eq(eval_pearson(x, y, 10).value, 0.39667841007826693, 1e-9);
    cr_expect_float_eq(spearman_of(x, y, 10), 0.276402847218724, 1e-9);
}

Test(metrics, numbers_of_any_size_correlate) {
    double x[10], y[10], large[10], small[10];
    fill(x, y, 10);
    for (size_t i = 0; i < 10; i++) {
        large[i] = x[i] * 1e305;
        small[i] = x[i] * 1e-310;
    }
    cr_expect_float_eq(eval_pearson(large, y, 10).value, 0.3904138973532329, 1e-9);
    cr_expect_float_eq(eval_pearson(small, y, 10).value, 0.3904138973532329, 1e-9);
}

Test(metrics, equal_numbers_share_their_average_rank) {
    double x[] = {3, 1, 3, 3, -2, 7, 1}, rank[7], expected[] = {5, 2.5, 5, 5, 1, 7, 2.5};
    base_error error = {0};
    cr_assert(eval_ranks(x, 7, rank, &error));
    cr_expect_arr_eq(rank, expected, sizeof expected);
}

Test(metrics, what_is_undefined_says_why) {
    double up[] = {1, 2, 3}, flat[] = {4, 4, 4}, bad[] = {1, (double)NAN, 3},
           endless[] = {1, 2, (double)INFINITY};
    base_error error = {0};
    eval_value v;
    cr_expect_not_null(eval_pearson(up, flat, 3).undefined);
    cr_expect_not_null(eval_pearson(flat, up, 3).undefined);
    cr_expect_not_null(eval_pearson(up, bad, 3).undefined);
    cr_expect_not_null(eval_pearson(endless, up, 3).undefined);
    cr_expect_not_null(eval_pearson(up, up, 1).undefined);
    cr_assert(eval_spearman(up, bad, 3, &v, &error));
    cr_expect_not_null(v.undefined);
    cr_assert(eval_spearman(flat, up, 3, &v, &error));
    cr_expect_not_null(v.undefined);
    cr_assert(eval_spearman(up, up, 0, &v, &error));
    cr_expect_not_null(v.undefined);
    cr_expect_not_null(eval_accuracy((double[4]){0}, 2).undefined);
}

Test(metrics, accuracy_is_the_share_on_the_diagonal) {
    double counts[9] = {2, 0, 0, 0, 0, 1, 0, 1, 1};
    cr_expect_float_eq(eval_accuracy(counts, 3).value, 0.6, 1e-15);
}

Test(metrics, logits_become_probabilities_whatever_their_size) {
    double small[3] = {0, 1, 1}, large[2] = {-5000, 5000};
    cr_expect_eq(eval_largest(small, 3), 1, "the first of equal ones");
    eval_softmax(small, 3);
    cr_expect_float_eq(small[0], 1 / (1 + 2 * exp(1)), 1e-15);
    cr_expect_float_eq(small[0] + small[1] + small[2], 1, 1e-15);
    eval_softmax(large, 2);
    cr_expect_float_eq(large[1], 1, 0);
}

Test(metrics, similarities_by_hand) {
    float u[] = {3, 4, 0}, v[] = {0, 4, 3}, zero[] = {0, 0, 0};
    cr_expect_float_eq(search_similarity(SEARCH_COSINE, u, v, 3), 16.0 / 25, 1e-12);
    cr_expect_float_eq(search_similarity(SEARCH_DOT, u, v, 3), 16, 1e-12);
    cr_expect_float_eq(search_similarity(SEARCH_EUCLIDEAN, u, v, 3), -sqrt(18), 1e-12);
    cr_expect_float_eq(search_similarity(SEARCH_MANHATTAN, u, v, 3), -6, 1e-12);
    cr_expect_float_eq(search_similarity(SEARCH_COSINE, u, zero, 3), 0, 0);
}

static double bag_cosine(const char *a, const char *b) {
    base_error error = {0};
    baseline_bag u = {0}, v = {0};
    cr_assert(baseline_bag_fill(&u, (data_text){a, strlen(a)}, &error));
    cr_assert(baseline_bag_fill(&v, (data_text){b, strlen(b)}, &error));
    double cosine = baseline_bag_cosine(&u, &v);
    baseline_bag_free(&u);
    baseline_bag_free(&v);
    return cosine;
}

Test(metrics, bags_of_words_know_no_order_case_or_punctuation) {
    cr_expect_float_eq(bag_cosine("The dog bites the man.", "the MAN bites, the dog"), 1, 1e-12);
    cr_expect_float_eq(bag_cosine("a a b", "a c"), 2 / sqrt(5 * 2), 1e-12);
    cr_expect_float_eq(bag_cosine("one", "two"), 0, 0);
    cr_expect_float_eq(bag_cosine("", "two"), 0, 0);
}
