#include "train/schedule.h"

#include <criterion/criterion.h>
#include <string.h>

static train_schedule make(const char *name, double warmup, size_t total) {
    base_error error = {0};
    train_schedule s;
    cr_assert(train_schedule_make(&s, name, 2e-5, warmup, total, &error), "%s", error.text);
    return s;
}

Test(schedule, linear_is_hugging_face_s) {
    train_schedule s = make("linear", 0.1, 95);
    cr_assert_eq(s.warmup, 10); /* ceil(9.5) */
    cr_assert_float_eq(train_schedule_rate(&s, 0), 0, 0);
    cr_assert_float_eq(train_schedule_rate(&s, 1), 2e-5 / 10, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 10), 2e-5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 11), 2e-5 * 84 / 85, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 94), 2e-5 / 85, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 95), 0, 0);
}

Test(schedule, cosine_and_constant) {
    train_schedule s = make("cosine", 0, 100);
    cr_assert_float_eq(train_schedule_rate(&s, 0), 2e-5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 50), 1e-5, 1e-19);
    s = make("constant", 0.5, 10);
    cr_assert_float_eq(train_schedule_rate(&s, 4), 2e-5 * 4 / 5, 1e-20);
    cr_assert_float_eq(train_schedule_rate(&s, 9), 2e-5, 1e-20);
}

Test(schedule, every_schedule_stays_between_0_and_its_peak) {
    for (const char *const *name = train_schedule_names(); *name; name++)
        for (size_t total = 1; total < 40; total++)
            for (int w = 0; w <= 10; w++) {
                train_schedule s = make(*name, w / 10.0, total);
                cr_assert_leq(s.warmup, total);
                for (size_t i = 0; i < total; i++) {
                    double rate = train_schedule_rate(&s, i);
                    cr_assert(rate >= 0 && rate <= 2e-5, "%s %zu of %zu: %g", *name, i, total,
                              rate);
                }
            }
}

Test(schedule, an_unknown_name_lists_the_known) {
    base_error error = {0};
    train_schedule s;
    cr_assert_not(train_schedule_make(&s, "liner", 1, 0, 1, &error));
    cr_assert(strstr(error.text, "linear") && strstr(error.text, "cosine"), "%s", error.text);
}
