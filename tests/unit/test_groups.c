/* Near-duplicates and clusters against naive loops, for any number of threads. */
#include "base/random.h"
#include "base/threads.h"
#include "search/communities.h"
#include "search/duplicates.h"
#include "search/kmeans.h"
#include "search/linkage.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 12, ROWS = 2300, GROUPS = 150 };

/* Rows around GROUPS directions, some twice, one of length 0. */
static float *make_rows(uint64_t seed, double spread) {
    float *rows = calloc(ROWS * WIDTH, sizeof *rows), centre[GROUPS * WIDTH];
    base_random stream = base_random_stream(seed, "rows");
    for (size_t i = 0; i < GROUPS * WIDTH; i++)
        centre[i] = (float)base_random_normal(&stream);
    for (size_t i = 0; i < ROWS; i++) {
        size_t g = base_random_below(&stream, GROUPS);
        for (size_t c = 0; c < WIDTH; c++)
            rows[i * WIDTH + c] =
                centre[g * WIDTH + c] + (float)(spread * base_random_normal(&stream));
    }
    for (size_t i = 1; 9 * i < ROWS; i++)
        memcpy(rows + 9 * i * WIDTH, rows + i * WIDTH, WIDTH * sizeof *rows);
    memset(rows + 1500 * WIDTH, 0, WIDTH * sizeof *rows);
    return rows;
}

static double cosine(const float *rows, size_t a, size_t b) {
    return search_similarity(SEARCH_COSINE, rows + a * WIDTH, rows + b * WIDTH, WIDTH);
}

/* ---- duplicates ---- */

static search_hit naive_duplicate(const float *rows, const search_hit *of, size_t a,
                                  double threshold) {
    search_hit best = {a, -HUGE_VAL};
    for (size_t b = 0; b < a; b++)
        if (of[b].row == b && cosine(rows, a, b) >= threshold && cosine(rows, a, b) > best.score)
            best = (search_hit){b, cosine(rows, a, b)};
    return best.row == a ? (search_hit){a, 1} : best;
}

Test(groups, duplicates_are_what_a_loop_finds_for_any_number_of_threads) {
    float *rows = make_rows(1, 0.3);
    search_hit *of = calloc(ROWS, sizeof *of), *wanted = calloc(ROWS, sizeof *wanted);
    search_vectors v = search_vectors_of("rows", rows, ROWS, WIDTH);
    base_error error = {0};
    size_t kept = 0;
    for (size_t i = 0; i < ROWS; i++) {
        wanted[i] = naive_duplicate(rows, wanted, i, 0.9);
        kept += wanted[i].row == i;
    }
    cr_assert(kept > 200 && kept < ROWS - 500, "%zu", kept);
    for (size_t threads = 1; threads <= 4; threads++) {
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        cr_assert(search_duplicates(&v, 0.9, of, NULL, &error), "%s", error.text);
        for (size_t i = 0; i < ROWS; i++)
            cr_expect(of[i].row == wanted[i].row && of[i].score == wanted[i].score,
                      "%zu threads, row %zu: %zu, expected %zu", threads, i, of[i].row,
                      wanted[i].row);
    }
    base_threads_stop();
    free(rows);
    free(of);
    free(wanted);
}

Test(groups, broken_vectors_are_named_by_their_row) {
    float *rows = make_rows(2, 0.3);
    search_hit *of = calloc(ROWS, sizeof *of);
    search_vectors v = search_vectors_of("rows", rows, ROWS, WIDTH);
    base_error error = {0};
    rows[1999 * WIDTH + 3] = NAN;
    cr_expect_not(search_duplicates(&v, 0.9, of, NULL, &error));
    cr_expect(error.status == BASE_BAD_INPUT && strstr(error.text, "rows: the vector of row 2000"),
              "%s", error.text);
    free(rows);
    free(of);
}

/* ---- communities ---- */

static int by_score(const void *x, const void *y) {
    const search_hit *a = x, *b = y;
    return a->score != b->score ? (a->score < b->score) - (a->score > b->score)
                                : (a->row > b->row) - (a->row < b->row);
}

static size_t naive_neighbours(const float *rows, size_t a, double threshold, search_hit *out) {
    size_t count = 0;
    for (size_t b = 0; b < ROWS; b++)
        if (cosine(rows, a, b) >= threshold)
            out[count++] = (search_hit){b, cosine(rows, a, b)};
    qsort(out, count, sizeof *out, by_score);
    return count;
}

/* The definition, a row at a time. */
static void naive_communities(search_groups *groups, const float *rows, double threshold,
                              size_t least) {
    static size_t neighbours[ROWS];
    static bool used[ROWS];
    static search_hit near[ROWS], member[ROWS];
    base_error error = {0};
    memset(used, 0, sizeof used);
    for (size_t a = 0; a < ROWS; a++)
        neighbours[a] = naive_neighbours(rows, a, threshold, near);
    for (size_t size = ROWS; size >= least; size--)
        for (size_t a = 0; a < ROWS; a++) {
            if (neighbours[a] != size || used[a])
                continue;
            size_t count = naive_neighbours(rows, a, threshold, near), members = 1;
            for (size_t i = 0; i < count; i++)
                if (near[i].row == a)
                    member[0] = near[i];
                else if (!used[near[i].row])
                    member[members++] = near[i];
            for (size_t i = 0; members >= least && i < members; i++)
                used[member[i].row] = true;
            if (members >= least)
                cr_assert(search_groups_add(groups, member, members, &error));
        }
    cr_assert(search_groups_sort(groups, &error));
}

static void expect_same_groups(const search_groups *x, const search_groups *y) {
    cr_assert(x->count == y->count && x->members == y->members, "%zu groups of %zu, %zu of %zu",
              x->count, x->members, y->count, y->members);
    cr_expect_arr_eq(x->begin, y->begin, (x->count + 1) * sizeof *x->begin);
    for (size_t i = 0; i < x->members; i++)
        cr_expect(x->member[i].row == y->member[i].row && x->member[i].score == y->member[i].score,
                  "member %zu: %zu, %zu", i, x->member[i].row, y->member[i].row);
}

Test(groups, communities_are_those_of_the_definition_for_any_number_of_threads) {
    float *rows = make_rows(3, 0.3);
    search_vectors v = search_vectors_of("rows", rows, ROWS, WIDTH);
    search_groups wanted = {0};
    base_error error = {0};
    naive_communities(&wanted, rows, 0.9, 3);
    cr_assert(wanted.count > 100 && wanted.members < ROWS - 20, "%zu of %zu", wanted.count,
              wanted.members);
    for (size_t threads = 1; threads <= 4; threads++) {
        search_groups found = {0};
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        cr_assert(search_communities(&found, &v, 0.9, 3, NULL, &error), "%s", error.text);
        expect_same_groups(&found, &wanted);
        search_groups_free(&found);
    }
    base_threads_stop();
    search_groups_free(&wanted);
    free(rows);
}

/* ---- k-means ---- */

static search_kmeans kmeans(const float *rows, search_kmeans_options options) {
    search_vectors v = search_vectors_of("rows", rows, ROWS, WIDTH);
    search_kmeans found;
    base_error error = {0};
    cr_assert(search_kmeans_run(&found, &v, &options, NULL, &error), "%s", error.text);
    return found;
}

/* Squares of distances to the means of the labels; of rows at length 1 to means at length 1. */
static double naive_inertia(const float *rows, const size_t *label, size_t k, bool spherical) {
    double *mean = calloc(k * WIDTH, sizeof *mean), *count = calloc(k, sizeof *count), all = 0;
    double *x = calloc(ROWS * WIDTH, sizeof *x);
    for (size_t i = 0; i < ROWS; i++) {
        double length =
            sqrt(search_similarity(SEARCH_DOT, rows + i * WIDTH, rows + i * WIDTH, WIDTH));
        count[label[i]]++;
        for (size_t c = 0; c < WIDTH; c++) {
            x[i * WIDTH + c] = (double)rows[i * WIDTH + c] / (spherical && length > 0 ? length : 1);
            mean[label[i] * WIDTH + c] += x[i * WIDTH + c];
        }
    }
    for (size_t g = 0; g < k; g++) {
        double square = 0;
        for (size_t c = 0; c < WIDTH; c++)
            square += mean[g * WIDTH + c] * mean[g * WIDTH + c];
        for (size_t c = 0; c < WIDTH; c++)
            mean[g * WIDTH + c] /= spherical ? sqrt(square) : fmax(count[g], 1);
    }
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        double d = x[i] - mean[label[i / WIDTH] * WIDTH + i % WIDTH];
        all += d * d;
    }
    free(x);
    free(mean);
    free(count);
    return all;
}

Test(groups, kmeans_finds_the_groups_that_were_planted) {
    float *rows = make_rows(4, 0.05);
    for (int spherical = 0; spherical <= 1; spherical++) {
        search_kmeans found = kmeans(
            rows, (search_kmeans_options){GROUPS + 1, 3, 100, 5, .spherical = spherical == 1});
        double inertia = naive_inertia(rows, found.label, GROUPS + 1, spherical == 1);
        cr_expect_float_eq(found.inertia, inertia, 1e-3 * inertia, "%g, %g", found.inertia,
                           inertia);
        /* 0.05 squared in WIDTH directions a row, relative to the length when spherical */
        if (!spherical)
            cr_expect(found.inertia < 1.5 * ROWS * WIDTH * 0.05 * 0.05, "%g", found.inertia);
        search_kmeans_free(&found);
    }
    free(rows);
}

Test(groups, kmeans_depends_on_the_seed_and_not_on_the_threads) {
    float *rows = make_rows(5, 0.8);
    search_kmeans_options options = {.k = 40, .restarts = 2, .iterations = 30, .seed = 1};
    search_kmeans first = kmeans(rows, options);
    base_error error = {0};
    for (size_t threads = 1; threads <= 4; threads++) {
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        search_kmeans again = kmeans(rows, options);
        cr_expect_arr_eq(again.label, first.label, ROWS * sizeof *first.label);
        cr_expect(again.inertia == first.inertia && again.iterations == first.iterations);
        search_kmeans_free(&again);
    }
    options.seed = 2;
    search_kmeans other = kmeans(rows, options);
    cr_expect(other.inertia != first.inertia);
    base_threads_stop();
    search_kmeans_free(&first);
    search_kmeans_free(&other);
    free(rows);
}

/* More centroids than different rows: those that are left over have no rows, and all distances are
 * 0. */
Test(groups, kmeans_of_equal_rows_ends) {
    float *rows = calloc(ROWS * WIDTH, sizeof *rows);
    for (size_t i = 0; i < ROWS; i++)
        rows[i * WIDTH + i % 3] = 1;
    search_kmeans found = kmeans(rows, (search_kmeans_options){6, 2, 50, 1, false});
    cr_expect(found.inertia == 0, "%g", found.inertia);
    for (size_t i = 3; i < ROWS; i++)
        cr_expect(found.label[i] == found.label[i % 3]);
    search_kmeans_free(&found);
    free(rows);
}

/* ---- average linkage ---- */

enum { FEW = 130 };

/* Merges the two groups with the largest average cosine, computed anew from all their rows, down to
 * k groups; returns the last average. */
static double naive_linkage(const float *rows, size_t k, size_t *label) {
    double last = 1;
    for (size_t i = 0; i < FEW; i++)
        label[i] = i;
    for (size_t groups = FEW; groups > k; groups--) {
        static double sum[FEW][FEW], pairs[FEW][FEW];
        memset(sum, 0, sizeof sum);
        memset(pairs, 0, sizeof pairs);
        for (size_t i = 0; i < FEW; i++)
            for (size_t j = 0; j < FEW; j++) {
                sum[label[i]][label[j]] += cosine(rows, i, j);
                pairs[label[i]][label[j]]++;
            }
        size_t a = FEW, b = FEW;
        for (size_t i = 0; i < FEW; i++)
            for (size_t j = i + 1; j < FEW; j++)
                if (pairs[i][j] > 0 &&
                    (a == FEW || sum[i][j] / pairs[i][j] > sum[a][b] / pairs[a][b]))
                    a = i, b = j;
        last = sum[a][b] / pairs[a][b];
        for (size_t i = 0; i < FEW; i++)
            label[i] = label[i] == b ? a : label[i];
    }
    return last;
}

static size_t linkage(const float *rows, search_linkage_options options, size_t *label) {
    search_vectors v = search_vectors_of("rows", rows, FEW, WIDTH);
    base_error error = {0};
    size_t groups;
    options.memory = search_linkage_memory(FEW);
    cr_assert(search_linkage(label, &groups, &v, &options, NULL, &error), "%s", error.text);
    return groups;
}

static void expect_same_partition(const size_t *x, const size_t *y) {
    for (size_t i = 0; i < FEW; i++)
        for (size_t j = 0; j < i; j++)
            cr_expect((x[i] == x[j]) == (y[i] == y[j]), "rows %zu and %zu", i, j);
}

Test(groups, linkage_merges_what_the_definition_merges) {
    float *rows = make_rows(6, 0.5);
    size_t label[FEW], wanted[FEW];
    static const size_t counts[] = {1, 7, 40, 100, FEW};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        double last = naive_linkage(rows, counts[i], wanted);
        cr_expect_eq(linkage(rows, (search_linkage_options){.k = counts[i]}, label), counts[i]);
        expect_same_partition(label, wanted);
        if (counts[i] == FEW || counts[i] == 1)
            continue;
        cr_expect_eq(linkage(rows, (search_linkage_options){.threshold = last - 1e-5}, label),
                     counts[i]);
        expect_same_partition(label, wanted);
        cr_expect_eq(linkage(rows, (search_linkage_options){.threshold = last + 1e-5}, label),
                     counts[i] + 1);
    }
    cr_expect(label[0] == 0, "numbered by first rows");
    free(rows);
}

/* ---- labels to groups; what is refused ---- */

Test(groups, members_stand_by_their_cosine_with_the_mean) {
    static const float rows[] = {2, 0, 0, 3, 1, 1, 1, 0.5F, 5, 5, 0, 0};
    static const size_t label[] = {2, 0, 2, 2, 0, 2};
    search_vectors v = search_vectors_of("rows", rows, 6, 2);
    search_groups g = {0};
    base_error error = {0};
    cr_assert(search_groups_of_labels(&g, &v, label, 3, &error), "%s", error.text);
    cr_assert(g.count == 2 && g.begin[1] == 4 && g.begin[2] == 6);
    static const size_t order[] = {3, 2, 0, 5};
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(g.member[i].row, order[i], "%zu", i);
    cr_expect_float_eq(g.member[0].score, 0.9995, 1e-3);
    cr_expect(g.member[3].score == 0);
    search_groups_free(&g);
}

Test(groups, what_cannot_be_grouped_is_named) {
    float *rows = make_rows(7, 0.3);
    search_vectors v = search_vectors_of("rows", rows, ROWS, WIDTH);
    search_groups g = {0};
    search_kmeans found;
    size_t *label = calloc(ROWS, sizeof *label), groups;
    base_error none[6] = {{0}};
    cr_expect_not(search_kmeans_run(&found, &v, &(search_kmeans_options){ROWS + 1, 1, 1, 1, false},
                                    NULL, &none[0]));
    search_kmeans_free(&found);
    cr_expect(strstr(none[0].text, "k is 2301, expected 1 to 2300"), "%s", none[0].text);
    search_linkage_options options = {.k = ROWS + 1, .memory = SIZE_MAX};
    cr_expect_not(search_linkage(label, &groups, &v, &options, NULL, &none[1]));
    cr_expect(strstr(none[1].text, "k is 2301"), "%s", none[1].text);
    options = (search_linkage_options){.k = 2, .memory = 1 << 20};
    cr_expect_not(search_linkage(label, &groups, &v, &options, NULL, &none[2]));
    cr_expect(
        strstr(none[2].text, "2300 rows takes 10 MiB of memory, more than the limit of 1 MiB"),
        "%s", none[2].text);
    rows[5] = INFINITY;
    options.memory = SIZE_MAX;
    cr_expect_not(search_linkage(label, &groups, &v, &options, NULL, &none[3]));
    cr_expect_not(search_communities(&g, &v, 0.5, 2, NULL, &none[4]));
    cr_expect_not(
        search_kmeans_run(&found, &v, &(search_kmeans_options){3, 1, 1, 1, false}, NULL, &none[5]));
    search_kmeans_free(&found);
    for (size_t i = 3; i < 6; i++)
        cr_expect(none[i].status == BASE_BAD_INPUT && strstr(none[i].text, "rows: the vector of"),
                  "%zu: %s", i, none[i].text);
    search_groups_free(&g);
    free(label);
    free(rows);
}
