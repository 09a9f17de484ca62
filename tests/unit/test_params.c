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

static nn_params *trained(const size_t *rows, size_t count) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    for (size_t i = 0; i < count; i++) {
        char name[2] = {(char)('a' + i)};
        nn_param_spec spec = {.name = name, .rows = rows[i], .cols = 5, .sparse = i == 1};
        cr_assert_eq(nn_params_add(set, &spec, &error), i);
    }
    nn_params_freeze(set, 2);
    cr_assert(nn_params_allocate(set, &error) && nn_params_train(set, &error), "%s", error.text);
    return set;
}

/* Sparse ones and frozen ones are not in it; what lies between tensors, and what this step has not
 * touched, is 0. */
Test(params, dense_gradients_are_one_block) {
    static const size_t rows[] = {3, 100, 7, 11, 0};
    nn_params *set = trained(rows, 5);
    size_t count;
    real *block = nn_params_gradients(set, &count), sum = 0;
    cr_assert(count >= (3 + 11 + 1) * 5 && count <= (3 + 11 + 1) * 5 + 3 * 16, "%zu", count);
    for (size_t i = 0; i < 5; i++) {
        tape_param *p = nn_params_at(set, i);
        bool inside = p->grad >= block && p->grad < block + count;
        cr_expect_eq(inside, i != 1 && i != 2);
        cr_expect_eq((uintptr_t)p->grad % 64, 0);
        for (size_t k = 0; p->grad && k < p->rows * p->cols; k++)
            p->grad[k] = 1;
        p->has_grad = i != 4;
    }
    cr_expect_eq(nn_params_gradients(set, &count), block);
    for (size_t k = 0; k < count; k++)
        sum += block[k];
    cr_expect_eq(sum, (3 + 11) * 5);
    const real *part = nn_params_gradients_of(set, 1, 3, &count);
    cr_expect_eq(part, nn_params_at(set, 3)->grad);
    cr_expect(count >= 11 * 5 && count <= 11 * 5 + 16, "%zu", count);
    nn_params_gradients_of(set, 1, 2, &count);
    cr_expect_eq(count, 0);
    nn_params_free(set);
}

Test(params, a_version_goes_up_when_values_change) {
    static const size_t rows[] = {3, 100, 7, 11, 0};
    nn_params *set = trained(rows, 5);
    uint64_t before = nn_params_at(set, 3)->version;
    nn_params_init(set, 1);
    uint64_t after = nn_params_at(set, 3)->version;
    cr_expect_neq(after, before);
    nn_params_changed(set);
    cr_expect_neq(nn_params_at(set, 3)->version, after);
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
