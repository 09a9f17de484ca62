#include "nn/params.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

static nn_params *two_tensors(void) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    nn_param_spec weight = {"weight", 7, 5, .decay = true, .init = NN_INIT_NORMAL, .scale = 0.02};
    nn_param_spec table = {"table", 1000, 33, .sparse = true, .init = NN_INIT_UNIFORM, .scale = 2};
    cr_assert_eq(nn_params_add(set, &weight, &error), 0);
    cr_assert_eq(nn_params_add(set, &table, &error), 1);
    cr_assert(nn_params_allocate(set, &error));
    return set;
}

Test(params, blocks_are_aligned_and_named) {
    nn_params *set = two_tensors();
    for (size_t i = 0; i < nn_params_count(set); i++) {
        tape_param *p = nn_params_at(set, i);
        cr_expect_eq((uintptr_t)p->value % 64, 0);
        cr_expect_eq(nn_params_find(set, p->name), i);
        cr_expect_null(p->grad);
    }
    cr_expect_eq(nn_params_find(set, "other"), SIZE_MAX);
    cr_expect_eq(nn_params_elements(set), 7 * 5 + 1000 * 33);
    nn_params_free(set);
}

Test(params, init_has_the_moments_asked_for_and_depends_on_the_seed) {
    nn_params *set = two_tensors();
    nn_params_init(set, 1);
    tape_param *table = nn_params_at(set, 1);
    double sum = 0, squares = 0, n = 33000;
    for (size_t i = 0; i < 33000; i++) {
        sum += (double)table->value[i];
        squares += (double)table->value[i] * (double)table->value[i];
        cr_assert(fabs((double)table->value[i]) <= 2);
    }
    cr_expect_float_eq(sum / n, 0, 0.05);
    cr_expect_float_eq(squares / n, 4.0 / 3, 0.05);
    real first = table->value[0];
    nn_params_init(set, 2);
    cr_expect_neq(table->value[0], first);
    nn_params_init(set, 1);
    cr_expect_eq(table->value[0], first);
    nn_params_free(set);
}

Test(params, training_blocks_are_zero_and_only_for_what_trains) {
    base_error error = {0};
    nn_params *set = two_tensors();
    nn_params_freeze(set, 0);
    cr_assert(nn_params_train(set, &error));
    cr_expect_null(nn_params_at(set, 0)->grad);
    cr_expect_null(nn_params_m(set, 0));
    tape_param *table = nn_params_at(set, 1);
    cr_assert_not_null(table->sparse);
    cr_expect_eq(nn_params_m(set, 1)[32999], 0);
    cr_expect_eq(nn_params_v(set, 1)[32999], 0);
    bool fresh;
    cr_expect_eq(tape_param_sparse_row(table, 999, &fresh), table->grad);
    cr_expect(fresh);
    cr_expect_eq(nn_params_trainable(set), 33000);
    nn_params_free(set);
}

Test(params, twins_overflow_and_views_outside_are_refused) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    nn_param_spec spec = {.name = "a", .rows = 2, .cols = 3};
    cr_assert_eq(nn_params_add(set, &spec, &error), 0);
    cr_expect_eq(nn_params_add(set, &spec, &error), SIZE_MAX);
    cr_expect_str_eq(error.text, "tensor a is declared twice");
    error = (base_error){0};
    nn_param_spec huge = {.name = "b", .rows = UINT32_MAX, .cols = SIZE_MAX / 2};
    cr_expect_eq(nn_params_add(set, &huge, &error), SIZE_MAX);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    error = (base_error){0};
    nn_param_view view = {"a.tail", 0, 4, {3}, 1};
    cr_expect_not(nn_params_view(set, &view, &error));
    cr_expect_str_eq(error.text, "view a.tail lies outside of its tensor");
    nn_params_free(set);
}
