#include "tests/world.h"
#include "train/batch.h"

#include <criterion/criterion.h>

Test(batch, texts_stand_column_after_column_without_padding) {
    base_error error = {0};
    world w = world_make(50, 3, 40, 16);
    train_batch b = {0};
    const uint32_t rows[] = {7, 3, 3, 49};
    cr_assert(train_batch_fill(&b, w.store, rows, 4, 10, &error));
    cr_expect(b.columns == 3 && b.target.examples == 4 && b.layout.texts == 12 &&
              b.target.kind == DATA_TARGET_SCORE);
    cr_expect_eq(b.layout.start[12], b.layout.tokens);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 4; i++) {
            size_t text = c * 4 + i;
            world_expect_ids(&w, rows[i], c, 16, b.layout.ids + b.layout.start[text],
                             b.layout.start[text + 1] - b.layout.start[text]);
            cr_expect_eq(b.layout.example[text], 10 + i);
            cr_expect_eq(b.layout.column[text], c);
            cr_expect_float_eq(b.target.score[i], rows[i], 0);
        }
    for (size_t t = 0; t < b.layout.tokens; t++)
        cr_expect_eq(b.layout.types[t], 0);
    train_batch_free(&b);
    world_free(&w);
}
