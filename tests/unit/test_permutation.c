/* A keyed order of numbers, without an array of them. */
#include "data/permutation.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(permutation, every_number_comes_once_for_many_sizes) {
    enum { MOST = 5000 };
    static unsigned char seen[MOST];
    for (uint64_t n = 1; n <= MOST; n += n < 300 ? 1 : 97) {
        data_permutation p = data_permutation_of(n, n * 7);
        memset(seen, 0, n);
        for (uint64_t i = 0; i < n; i++) {
            uint64_t at = data_permutation_at(&p, i);
            cr_assert(at < n && !seen[at], "%llu of %llu", (unsigned long long)i,
                      (unsigned long long)n);
            seen[at] = 1;
        }
    }
}

Test(permutation, keys_give_different_orders) {
    enum { N = 1000 };
    size_t same = 0;
    data_permutation a = data_permutation_of(N, 1), b = data_permutation_of(N, 2);
    for (uint64_t i = 0; i < N; i++)
        same += data_permutation_at(&a, i) == data_permutation_at(&b, i);
    cr_expect_lt(same, 10);
}

/* Places and numbers have nothing to do with each other: in a 10 x 10 table of tenths of places and
 * tenths of numbers each cell has about as many (chi-square of 81 degrees of freedom, 0.1 %). */
Test(permutation, orders_look_random) {
    enum { N = 100000, PARTS = 10 };
    for (uint64_t key = 0; key < 5; key++) {
        double cell[PARTS][PARTS] = {{0}}, sum = 0, expected = N / PARTS / PARTS;
        size_t rising = 0;
        uint64_t last = 0;
        data_permutation p = data_permutation_of(N, key);
        for (uint64_t i = 0; i < N; i++) {
            uint64_t at = data_permutation_at(&p, i);
            cell[i * PARTS / N][at * PARTS / N]++;
            rising += at > last;
            last = at;
        }
        for (size_t i = 0; i < PARTS * PARTS; i++)
            sum += (cell[i / PARTS][i % PARTS] - expected) *
                   (cell[i / PARTS][i % PARTS] - expected) / expected;
        cr_expect_lt(sum, 127, "%g", sum);
        cr_expect(rising > N / 2 - 500 && rising < N / 2 + 500, "%zu", rising);
    }
}

/* Without an array, numbers may be as many as bits allow. */
Test(permutation, large_sizes_work) {
    const uint64_t n = UINT64_C(1) << 40 | 12345;
    data_permutation p = data_permutation_of(n, 3);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t at = data_permutation_at(&p, i);
        cr_assert_lt(at, n);
        sum += at >> 30;
    }
    cr_expect(sum / 1000 > 400 && sum / 1000 < 624);
}
