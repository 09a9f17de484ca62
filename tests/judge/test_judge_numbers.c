/* The double build's numbers for the float build (tests/unit/test_float_against_double.c). */
#include "tests/judge_numbers.h"

#include <criterion/criterion.h>

Test(judge, writes_its_numbers_for_the_float_build) {
    base_error error = {0};
    cr_expect(judge_numbers_write(JUDGE_NUMBERS_PATH ".new", &error), "%s", error.text);
    cr_expect_eq(rename(JUDGE_NUMBERS_PATH ".new", JUDGE_NUMBERS_PATH), 0);
}
