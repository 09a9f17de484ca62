#include "tests/world.h"
#include "train/together.h"

#include <criterion/criterion.h>

static size_t tokens_between(const world *w, const uint32_t *rows, size_t begin, size_t end) {
    size_t sum = 0;
    for (size_t i = begin; i < end; i++)
        for (size_t c = 0; c < data_token_store_sequences(w->store); c++) {
            size_t n;
            data_token_store_ids(w->store, rows[i], c, &n);
            sum += n;
        }
    return sum;
}

Test(together, shares_are_ranges_of_about_equal_tokens) {
    world w = world_make(50, 3, 40, 16);
    uint32_t rows[50];
    size_t longest = 3 * 16;
    for (uint32_t i = 0; i < 50; i++)
        rows[i] = 49 - i;
    for (size_t ranks = 1; ranks <= 8; ranks++) {
        dist_ranks r = {.size = ranks};
        size_t first[9], all = tokens_between(&w, rows, 0, 50);
        train_together_share(&r, w.store, rows, 50, first);
        cr_expect(first[0] == 0 && first[ranks] == 50);
        for (size_t i = 0; i < ranks; i++) {
            size_t tokens = tokens_between(&w, rows, first[i], first[i + 1]);
            cr_expect(tokens + longest >= all / ranks && tokens <= all / ranks + longest,
                      "rank %zu of %zu has %zu of %zu tokens", i, ranks, tokens, all);
        }
    }
    world_free(&w);
}

Test(together, a_batch_may_have_fewer_rows_than_there_are_ranks) {
    world w = world_make(50, 2, 40, 16);
    const uint32_t rows[] = {3, 4};
    dist_ranks r = {.size = 5};
    size_t first[6], had = 0;
    train_together_share(&r, w.store, rows, 2, first);
    for (size_t i = 0; i < 5; i++) {
        cr_expect(first[i] <= first[i + 1]);
        had += first[i + 1] - first[i];
    }
    cr_expect(first[0] == 0 && had == 2);
    world_free(&w);
}
