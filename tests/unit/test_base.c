/* Errors, memory, numbers, random numbers. */
#include "base/memory.h"
#include "base/number.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(error, the_first_failure_wins) {
    base_error error = {0};
    cr_expect(base_ok(&error));
    cr_expect_not(base_fail(&error, BASE_BAD_INPUT, "one %d", 1));
    cr_expect_not(base_fail(&error, BASE_FAILED, "two"));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_str_eq(error.text, "one 1");
    base_fail_prefix(&error, "file %s", "a");
    cr_expect_str_eq(error.text, "file a: one 1");
}

Test(error, a_message_is_one_printable_line) {
    base_error error = {0};
    base_fail(&error, BASE_BAD_INPUT, "label \"%s\"", "a\nb\xff");
    base_fail_prefix(&error, "%s", "c\td");
    cr_expect_str_eq(error.text, "c\\x09d: label \"a\\x0ab\\xff\"");
}

Test(error, long_sentences_are_cut) {
    base_error error = {0};
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    base_fail(&error, BASE_FAILED, "%s", text);
    cr_expect_eq(strlen(error.text), sizeof error.text - 1);
    base_fail_prefix(&error, "%s", text);
    cr_expect_lt(strlen(error.text), sizeof error.text);
}

static void expect_escaped(const char *bytes, size_t n, size_t room, const char *expected) {
    char out[64];
    cr_expect_str_eq(base_escape(out, room, bytes, n), expected);
}

Test(error, unprintable_bytes_are_escaped_for_messages) {
    expect_escaped("a\tb\n", 4, 64, "a\\x09b\\x0a");
    expect_escaped("\0\x7f\xff", 3, 64, "\\x00\\x7f\\xff");
    expect_escaped("\xc3\xa9\xe2\x82\xac", 5, 64, "\xc3\xa9\xe2\x82\xac");
    expect_escaped("\xc2\x85\xe2\x80\xae", 5, 64, "\\xc2\\x85\\xe2\\x80\\xae");
    expect_escaped("abcdefgh", 8, 9, "abcde...");
    expect_escaped("abcde", 5, 9, "abcde");
    expect_escaped("ab\xe2\x82\xac xyz", 9, 8, "ab...");
    expect_escaped("abc", 3, 4, "");
}

Test(memory, sizes_that_overflow_are_refused) {
    base_error error = {0};
    size_t out;
    cr_expect(base_size_mul(SIZE_MAX / 2, 2, &out) && out == SIZE_MAX - 1);
    cr_expect_not(base_size_mul(SIZE_MAX / 2 + 1, 2, &out));
    cr_expect_not(base_size_add(SIZE_MAX, 1, &out));
    cr_expect_null(base_alloc(SIZE_MAX / 4, 8, &error));
    cr_expect_eq(error.status, BASE_FAILED);
    void *none = base_alloc(0, 8, &error);
    cr_expect_not_null(none);
    free(none);
}

Test(memory, arrays_grow_and_survive_a_failure) {
    base_error error = {0};
    int *array = NULL;
    size_t capacity = 0;
    cr_assert(base_grow(&array, &capacity, 3, sizeof *array, &error));
    array[2] = 5;
    cr_assert(base_grow(&array, &capacity, capacity + 1, sizeof *array, &error));
    cr_expect_eq(array[2], 5);
    size_t before = capacity;
    cr_expect_not(base_grow(&array, &capacity, SIZE_MAX / 2, sizeof *array, &error));
    cr_expect_eq(capacity, before);
    cr_expect_eq(array[2], 5);
    free(array);
}

static int by_number(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

Test(memory, what_is_sorted_is_there_once) {
    int numbers[] = {3, 1, 3, 2, 1, 1}, sorted[] = {1, 2, 3};
    cr_assert_eq(base_sort_distinct(numbers, 6, sizeof *numbers, by_number), 3);
    cr_expect_eq(memcmp(numbers, sorted, sizeof sorted), 0);
    cr_expect_eq(base_sort_distinct(numbers, 1, sizeof *numbers, by_number), 1);
    cr_expect_eq(base_sort_distinct(NULL, 0, sizeof *numbers, by_number), 0);
}

Test(memory, bytes_are_always_terminated) {
    base_error error = {0};
    base_bytes bytes = {0};
    const char *names[] = {"a", "b", NULL};
    cr_expect(base_bytes_add(&bytes, NULL, 0, &error) && bytes.data[0] == '\0');
    cr_expect(base_bytes_format(&bytes, &error, "%d-", 7) &&
              base_bytes_names(&bytes, names, &error));
    cr_expect_str_eq(bytes.data, "7-a, b");
    cr_expect_eq(bytes.size, 6);
    base_bytes_free(&bytes);
    cr_expect_null(bytes.data);
}

Test(number, grammar_is_strict) {
    const char *const right[] = {"0", "-0.5", "+1", "5.", ".5", "1e3", "1E-2", "007", "1e-400"};
    const double value[] = {0, -0.5, 1, 5, 0.5, 1000, 0.01, 7, 0};
    const char *const wrong[] = {"",    ".",  "-",  "e5",  "1e",    "1e+", "0x10", "inf",
                                 "nan", " 1", "1 ", "1,5", "1e400", "--1", "1.2.3"};
    double out;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        cr_expect(base_number_parse(right[i], strlen(right[i]), &out), "%s", right[i]);
        cr_expect_float_eq(out, value[i], 0);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_not(base_number_parse(wrong[i], strlen(wrong[i]), &out), "%s", wrong[i]);
    cr_expect(base_number_parse("12345", 2, &out) && out > 11.9 && out < 12.1);
    cr_expect_not(base_number_parse("1\0", 2, &out));
}

Test(random, streams_are_independent_and_repeatable) {
    base_random a = base_random_stream(1, "a"), again = base_random_stream(1, "a");
    base_random b = base_random_stream(1, "b"), other = base_random_stream(2, "a");
    uint64_t first = base_random_next(&a);
    cr_expect_eq(first, base_random_next(&again));
    cr_expect_neq(first, base_random_next(&b));
    cr_expect_neq(first, base_random_next(&other));
}

Test(random, every_choice_of_some_is_as_likely) {
    enum { THINGS = 5, WANTED = 2, DRAWS = 20000 };
    base_random r = base_random_stream(1, "choice");
    size_t count[1 << THINGS] = {0};
    for (size_t d = 0; d < DRAWS; d++) {
        size_t wanted = WANTED, chosen = 0;
        for (size_t i = 0; i < THINGS; i++)
            chosen |= (size_t)base_random_takes(&r, THINGS - i, &wanted) << i;
        cr_expect_eq(wanted, 0);
        count[chosen]++;
    }
    double expected = DRAWS / 10.0, spread = sqrt(expected * 0.9);
    for (size_t i = 0; i < THINGS; i++)
        for (size_t j = 0; j < i; j++)
            cr_expect_float_eq((double)count[1u << i | 1u << j], expected, 4 * spread);
}

Test(random, known_values_do_not_change) {
    cr_expect_eq(base_random_mix(0, 0), 0xe220a8397b1dcdafu); /* first output of SplitMix64(0) */
    cr_expect_eq(base_random_mix(0, 1), 0x6e789e6aa1b965f4u); /* and the second */
}

Test(random, draws_have_their_distribution) {
    base_random r = base_random_stream(5, "moments");
    size_t n = 200000, count[6] = {0};
    double sum = 0, squares = 0, uniform = 0;
    for (size_t i = 0; i < n; i++) {
        double x = base_random_normal(&r), u = base_random_uniform(&r);
        cr_assert(u >= 0 && u < 1 && isfinite(x));
        sum += x;
        squares += x * x;
        uniform += u;
        count[base_random_below(&r, 6)]++;
    }
    cr_expect_float_eq(sum / (double)n, 0, 0.01);
    cr_expect_float_eq(squares / (double)n, 1, 0.015);
    cr_expect_float_eq(uniform / (double)n, 0.5, 0.005);
    for (int i = 0; i < 6; i++)
        cr_expect_float_eq((double)count[i], (double)n / 6, 600);
}

Test(random, a_shuffle_is_a_permutation_and_each_is_as_likely) {
    base_random r = base_random_stream(9, "shuffle");
    size_t count[27] = {0};
    for (int i = 0; i < 60000; i++) {
        uint32_t items[] = {0, 1, 2};
        base_random_shuffle(&r, items, 3);
        cr_assert_eq(items[0] + items[1] + items[2], 3);
        count[items[0] * 9 + items[1] * 3 + items[2]]++;
    }
    const int orders[] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < 6; i++)
        cr_expect_float_eq((double)count[orders[i]], 10000, 400);
}
