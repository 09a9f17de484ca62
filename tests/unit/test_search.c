/* Top-k and pairs against what a loop over search_similarity finds; .npy files. */
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "search/pairs.h"
#include "search/topk.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 20, CORPUS = 2600, QUERIES = 300, K = 7 };

/* Rows with doubles and a zero vector: row 5 n is row n. */
static float *make_rows(size_t count, uint64_t seed) {
    float *rows = calloc(count * WIDTH, sizeof *rows);
    base_random stream = base_random_stream(seed, "rows");
    for (size_t i = 0; i < count * WIDTH; i++)
        rows[i] = (float)base_random_normal(&stream);
    for (size_t i = 1; 5 * i < count; i++)
        memcpy(rows + 5 * i * WIDTH, rows + i * WIDTH, WIDTH * sizeof *rows);
    memset(rows + 3 * WIDTH, 0, WIDTH * sizeof *rows);
    return rows;
}

static search_item *brute_topk(const float *q, const float *corpus, search_similarity_kind kind) {
    search_item *all = calloc(CORPUS, sizeof *all);
    for (size_t i = 0; i < CORPUS; i++)
        all[i] =
            (search_item){.score = search_similarity(kind, q, corpus + i * WIDTH, WIDTH), .b = i};
    search_sort(all, CORPUS);
    return all;
}

static void check_topk(const float *queries, const float *corpus, search_similarity_kind kind) {
    search_hit *hits = calloc(QUERIES * K, sizeof *hits);
    search_vectors q = search_vectors_of("queries", queries, QUERIES, WIDTH);
    search_vectors c = search_vectors_of("corpus", corpus, CORPUS, WIDTH);
    base_error error = {0};
    cr_assert(search_topk(&q, &c, kind, K, hits, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < QUERIES; i++) {
        search_item *wanted = brute_topk(queries + i * WIDTH, corpus, kind);
        for (size_t j = 0; j < K; j++) {
            cr_expect(hits[i * K + j].row == wanted[j].b, "kind %d, query %zu, hit %zu: %zu, %zu",
                      (int)kind, i, j, hits[i * K + j].row, wanted[j].b);
            cr_expect(hits[i * K + j].score == wanted[j].score);
        }
        free(wanted);
    }
    free(hits);
}

Test(search, top_k_is_what_a_loop_finds_for_any_number_of_threads) {
    float *queries = make_rows(QUERIES, 1), *corpus = make_rows(CORPUS, 2);
    base_error error = {0};
    for (size_t threads = 1; threads <= 4; threads++) {
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        for (int kind = SEARCH_COSINE; kind <= SEARCH_EUCLIDEAN; kind++)
            check_topk(queries, corpus, (search_similarity_kind)kind);
    }
    base_threads_stop();
    free(queries);
    free(corpus);
}

static search_item *brute_pairs(const float *rows, size_t n, size_t *count) {
    search_item *all = calloc(n * (n - 1) / 2, sizeof *all);
    *count = 0;
    for (size_t a = 0; a < n; a++)
        for (size_t b = a + 1; b < n; b++)
            all[(*count)++] = (search_item){
                search_similarity(SEARCH_COSINE, rows + a * WIDTH, rows + b * WIDTH, WIDTH), a, b};
    search_sort(all, *count);
    return all;
}

static void check_pairs(const float *rows, size_t n, const search_item *wanted, size_t all,
                        const search_pair_options *options) {
    search_vectors v = search_vectors_of("rows", rows, n, WIDTH);
    base_error error = {0};
    search_item *pairs;
    size_t count, expected = 0;
    cr_assert(search_pairs(&v, options, &pairs, &count, NULL, &error), "%s", error.text);
    while (expected < all && expected < options->most &&
           wanted[expected].score >= options->threshold)
        expected++;
    cr_assert(count == expected, "%zu pairs, expected %zu", count, expected);
    for (size_t i = 0; i < count; i++)
        cr_expect(pairs[i].a == wanted[i].a && pairs[i].b == wanted[i].b &&
                  pairs[i].score == wanted[i].score);
    free(pairs);
}

Test(search, pairs_are_what_a_loop_finds) {
    enum { N = 1500 };
    float *rows = make_rows(N, 3);
    size_t all;
    search_item *wanted = brute_pairs(rows, N, &all);
    base_error error = {0};
    for (size_t threads = 1; threads <= 3; threads++) {
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        check_pairs(rows, N, wanted, all, &(search_pair_options){SEARCH_COSINE, -HUGE_VAL, 500, 0});
        check_pairs(rows, N, wanted, all, &(search_pair_options){SEARCH_COSINE, 0.5, all, 0});
        check_pairs(rows, N, wanted, all, &(search_pair_options){SEARCH_COSINE, 0.7, 100000, N});
    }
    base_threads_stop();
    free(wanted);
    free(rows);
}

/* Each row of the first thousands has its double among its two nearest. */
Test(search, top_k_of_pairs_leaves_out_the_others) {
    float *rows = make_rows(1000, 4);
    search_vectors v = search_vectors_of("rows", rows, 1000, WIDTH);
    search_hit *hits = calloc(1000 * 3, sizeof *hits);
    base_error error = {0};
    search_item *pairs;
    size_t count;
    cr_assert(search_topk(&v, &v, SEARCH_COSINE, 3, hits, NULL, &error), "%s", error.text);
    cr_assert(search_pairs(&v, &(search_pair_options){SEARCH_COSINE, -HUGE_VAL, 1000000, 2}, &pairs,
                           &count, NULL, &error),
              "%s", error.text);
    cr_expect(count > 1000 && count < 2000);
    for (size_t i = 0; i < count; i++) {
        bool near = false;
        for (size_t j = 0; j < 3; j++)
            near = near || hits[pairs[i].a * 3 + j].row == pairs[i].b ||
                   hits[pairs[i].b * 3 + j].row == pairs[i].a;
        cr_expect(near, "pair %zu %zu", pairs[i].a, pairs[i].b);
        cr_expect(i == 0 || search_before(&pairs[i - 1], &pairs[i]));
    }
    free(pairs);
    free(hits);
    free(rows);
}

static void fill_row(float *row, float value) {
    for (size_t i = 0; i < WIDTH; i++)
        row[i] = value;
}

Test(search, what_cannot_be_searched_is_named) {
    float *rows = make_rows(10, 5), *broken = make_rows(10, 5);
    search_hit hits[100];
    search_vectors v = search_vectors_of("rows", rows, 10, WIDTH),
                   wide = search_vectors_of("wide", rows, 5, 2 * WIDTH),
                   none = search_vectors_of("none", rows, 0, WIDTH),
                   bad = search_vectors_of("bad", broken, 10, WIDTH);
    broken[7 * WIDTH + 2] = NAN;
    const struct row {
        const search_vectors *corpus;
        search_similarity_kind kind;
        size_t k;
        const char *part;
    } table[] = {
        {&v, SEARCH_COSINE, 11, "k is 11, expected 1 to 10, the rows of rows"},
        {&v, SEARCH_COSINE, 0, "k is 0"},
        {&none, SEARCH_COSINE, 1, "k is 1, expected 1 to 0"},
        {&wide, SEARCH_COSINE, 1, "rows has 20 columns, expected 40 as wide has"},
        {&v, SEARCH_MANHATTAN, 1, "Manhattan"},
        {&bad, SEARCH_DOT, 1, "bad: the vector of row 8 has the length nan"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        base_error error = {0};
        cr_expect_not(
            search_topk(&v, table[i].corpus, table[i].kind, table[i].k, hits, NULL, &error));
        cr_expect(error.status == BASE_BAD_INPUT && strstr(error.text, table[i].part), "%s",
                  error.text);
    }
    broken[7 * WIDTH + 2] = 3e20F;
    base_error error = {0};
    cr_expect_not(search_topk(&v, &bad, SEARCH_COSINE, 1, hits, NULL, &error));
    cr_expect(strstr(error.text, "at most 1e+18"), "%s", error.text);
    fill_row(broken + 7 * WIDTH, 1e-30F);
    error = (base_error){0};
    cr_expect_not(search_topk(&bad, &bad, SEARCH_COSINE, 1, hits, NULL, &error));
    cr_expect(strstr(error.text, "row 8 has the length"), "%s", error.text);
    error = (base_error){0};
    cr_expect(search_topk(&bad, &bad, SEARCH_DOT, 1, hits, NULL, &error), "%s", error.text);
    fill_row(broken + 7 * WIDTH, 0);
    cr_expect(search_topk(&bad, &bad, SEARCH_COSINE, 1, hits, NULL, &error), "%s", error.text);
    free(rows);
    free(broken);
}

/* A .npy file as NumPy writes it, with this header and these bytes. */
static const char *write_npy(const char *header, const void *data, size_t size) {
    base_error error = {0};
    base_bytes file = {0};
    size_t padded = (10 + strlen(header) + 1 + 63) / 64 * 64 - 10;
    char prefix[10] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, (char)padded, 0};
    cr_assert(base_bytes_add(&file, prefix, 10, &error) &&
                  base_bytes_format(&file, &error, "%-*s\n", (int)padded - 1, header) &&
                  base_bytes_add(&file, data, size, &error),
              "%s", error.text);
    const char *path = fixture_write("vectors.npy", file.data, file.size);
    base_bytes_free(&file);
    return path;
}

Test(search, numpy_files_are_mapped) {
    const float rows[6] = {1, -2, 3, 4, 5, 0.5F};
    const uint16_t halves[6] = {0x3c00, 0xc000, 0x4200, 0x4400, 0x4500, 0x3800};
    const struct form {
        const char *header;
        const void *data;
        size_t size;
    } forms[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", rows, sizeof rows},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", halves, sizeof halves},
    };
    for (size_t i = 0; i < 2; i++) {
        base_error error = {0};
        search_vectors v;
        real buffer[3];
        float row[3];
        const char *path = write_npy(forms[i].header, forms[i].data, forms[i].size);
        cr_assert(search_vectors_open(&v, path, &error), "%s", error.text);
        cr_expect(v.count == 2 && v.width == 3);
        const real *second = search_vectors_rows(&v, 1, 1, buffer);
        search_vectors_row(&v, 1, row);
        for (size_t c = 0; c < 3; c++)
            cr_expect((float)second[c] == rows[3 + c] && row[c] == rows[3 + c]);
        search_vectors_close(&v);
    }
}

Test(search, damaged_numpy_files_are_refused) {
    static const struct damage {
        const char *header, *part;
        size_t size;
    } table[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }", "elements are '<f8'", 8},
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }", "elements are '>f4'", 4},
        {"{'fortran_order': False, 'shape': (1, 1), }", "elements are nothing", 4},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "C order", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "shape is (1,)", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }", "two dimensions", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 0), }", "two dimensions", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 1), }", "two dimensions", 4},
        {"{'descr': '<f4', 'fortran_order': False}", "shape is missing", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", "expected 2 rows of 1", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 8), }",
         "4 bytes follow the header", 4},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 8), }",
         "two dimensions", 4},
    };
    char data[16] = {0};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        base_error error = {0};
        search_vectors v;
        const char *path = write_npy(table[i].header, data, table[i].size);
        cr_expect_not(search_vectors_open(&v, path, &error));
        cr_expect(error.status == BASE_BAD_INPUT && strstr(error.text, table[i].part), "%s",
                  error.text);
    }
    static const char *const files[] = {"", "\x93NUMPY", "no NumPy file at all", NULL};
    for (size_t i = 0; files[i]; i++) {
        base_error error = {0};
        search_vectors v;
        cr_expect_not(search_vectors_open(&v, fixture_text("vectors.npy", files[i]), &error));
        cr_expect(error.status == BASE_BAD_INPUT);
    }
}
