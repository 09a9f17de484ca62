#include "train/schedule.h"

#include <criterion/criterion.h>

static train_schedule make(train_schedule_kind kind, double warmup, size_t total) {
    return train_schedule_make(kind, 2e-5, warmup, total);
}

Test(schedule, linear_is_hugging_face_s) {
    train_schedule s = make(TRAIN_LINEAR, 0.1, 95);
    cr_assert_eq(s.warmup, 10); /* ceil(9.5) */
    cr_assert_float_eq(train_schedule_rate(&s, 0), 0, 0);
    cr_assert_float_eq(train_schedule_rate(&s, 1), 2e-5 / 10, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 10), 2e-5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 11), 2e-5 * 84 / 85, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 94), 2e-5 / 85, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 95), 0, 0);
}

Test(schedule, cosine_and_constant) {
    train_schedule s = make(TRAIN_COSINE, 0, 100);
    cr_assert_float_eq(train_schedule_rate(&s, 0), 2e-5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 50), 1e-5, 1e-19);
    s = make(TRAIN_CONSTANT, 0.5, 10);
    cr_assert_float_eq(train_schedule_rate(&s, 4), 2e-5 * 4 / 5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 9), 2e-5, 1e-20);
}

Test(schedule, every_schedule_stays_between_0_and_its_peak) {
    const char *const *names = train_schedule_names();
    for (int kind = 0; names[kind]; kind++)
        for (size_t total = 1; total < 40; total++)
            for (int w = 0; w < 10; w++) {
                train_schedule s = make((train_schedule_kind)kind, w / 10.0, total);
                cr_assert_leq(s.warmup, total);
                for (size_t i = 0; i < total; i++) {
                    double rate = train_schedule_rate(&s, i);
                    cr_assert(rate >= 0 && rate <= 2e-5, "%s %zu of %zu: %g", names[kind], i, total,
                              rate);
                }
            }
}

Test(schedule, warmup_of_one_and_more_is_a_number_of_steps) {
    train_schedule s = make(TRAIN_LINEAR, 1, 10);
    cr_assert_eq(s.warmup, 1);
    cr_assert_float_eq(train_schedule_rate(&s, 1), 2e-5, 1e-20);
    s = make(TRAIN_LINEAR, 20, 10); /* the peak is never reached */
    cr_assert_float_eq(train_schedule_rate(&s, 9), 2e-5 * 9 / 20, 1e-20);
    cr_assert_eq(train_schedule_rate(&s, 10), 0);
}
