#include "tests/world.h"

#include <criterion/criterion.h>

Test(batch, texts_stand_column_after_column_without_padding) {
    base_error error = {0};
    world w = world_make(50, 3, 40, 16);
    data_batch b = {0};
    const uint32_t rows[] = {7, 3, 3, 49};
    cr_assert(data_batch_fill(&b, w.store, w.corpus, rows, 4, 10, &error));
    cr_expect(b.columns == 3 && b.examples == 4 && b.texts == 12 && b.kind == DATA_TARGET_SCORE);
    cr_expect_eq(b.start[12], b.tokens);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 4; i++) {
            size_t text = c * 4 + i;
            world_expect_ids(&w, rows[i], c, 16, b.ids + b.start[text],
                             b.start[text + 1] - b.start[text]);
            cr_expect_eq(b.example[text], 10 + i);
            cr_expect_eq(b.column[text], c);
            cr_expect_eq(b.row[i], rows[i]);
            cr_expect_float_eq(b.score[i], rows[i], 0);
        }
    for (size_t t = 0; t < b.tokens; t++)
        cr_expect_eq(b.types[t], 0);
    data_batch_free(&b);
    world_free(&w);
}
