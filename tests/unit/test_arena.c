#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(arena, blocks_are_aligned_and_apart_and_all_that_was_reserved_fits) {
    base_error error = {0};
    size_t reserved = 1 << 21;
    base_arena *arena = base_arena_new(reserved, &error);
    char *whole = base_arena_take(arena, reserved);
    cr_assert_not_null(whole);
    memset(whole, 1, reserved);
    base_arena_clear(arena);
    char *a = base_arena_take(arena, 1), *b = base_arena_take(arena, 100),
         *none = base_arena_take(arena, 0);
    cr_expect_eq((uintptr_t)a % 64 + (uintptr_t)b % 64 + (uintptr_t)none % 64, 0);
    cr_expect_geq(b - a, 64);
    cr_expect_geq(none - b, 100);
    cr_expect_geq(base_arena_reserved(arena), reserved);
    base_arena_free(arena);
}

Test(arena, a_cleared_one_gives_the_same_block_again_and_the_peak_stays) {
    base_error error = {0};
    base_arena *arena = base_arena_new(1 << 20, &error);
    char *a = base_arena_take(arena, 5000);
    size_t peak = base_arena_peak(arena);
    base_arena_clear(arena);
    cr_expect_eq(base_arena_take(arena, 10), a);
    cr_expect_eq(base_arena_peak(arena), peak);
    base_arena_free(arena);
}

Test(arena, more_than_reserved_is_null_and_breaks_nothing) {
    base_error error = {0};
    base_arena *arena = base_arena_new(1 << 20, &error);
    cr_expect_null(base_arena_take(arena, SIZE_MAX));
    cr_expect_null(base_arena_take(arena, base_arena_reserved(arena) + 1));
    cr_expect_not_null(base_arena_take(arena, 1 << 20));
    base_arena_free(arena);
    cr_expect_null(base_arena_new(SIZE_MAX, &error));
    cr_expect_eq(error.status, BASE_FAILED);
    base_arena_free(NULL);
}
