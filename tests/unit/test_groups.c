/* Near-duplicates and clusters against naive loops, for any number of threads. */
#include "base/random.h"
#include "base/threads.h"
#include "search/duplicates.h"
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
    return eval_similarity(EVAL_COSINE, rows + a * WIDTH, rows + b * WIDTH, WIDTH);
}

/* ---- duplicates ---- */

static search_hit naive_duplicate(const float *rows, const search_hit *of, size_t a,
                                  double threshold) {
    search_hit best = {a, -INFINITY};
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
