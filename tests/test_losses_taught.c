/* Losses that are told by a teacher, without one; with one tests/test_losses_peer.c has them. */
#include "tests/loss_case.h"

#include <criterion/criterion.h>

#ifdef REAL_DOUBLE
#define tolerance 1e-13
#else
#define tolerance 3e-6
#endif

enum { ROWS = 3, WIDTH = 4 };

static loss *new_loss(const char *config) {
    return loss_case_loss(config, WIDTH, WIDTH);
}

/* The rows' scores are margins then, of one negative. */
Test(losses_taught, margins_may_come_from_the_data) {
    base_error error = {0};
    loss *l = new_loss("{\"name\": \"margin_mse\"}");
    nn_params *set = loss_case_embeddings(4, ROWS, WIDTH, 0, false);
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    double margin[ROWS];
    loss_case_sines(margin, ROWS, 0.5, 3);
    loss_target target = {.kind = DATA_TARGET_SCORE, .examples = ROWS, .score = margin};
    tape_node *y = loss_case_build(t, l, set, 3, &target);
    cr_assert(y, "%s", tape_error(t)->text);
    cr_expect_float_eq((double)y->value[0], 14.577607796975535, tolerance * 15);
    cr_expect_null(loss_case_build(t, l, set, 4, &target));
    cr_expect_str_eq(tape_error(t)->text, "loss margin_mse: 2 negatives and the margin of one, "
                                          "expected one negative or a teacher");
    tape_free(t);
    nn_params_free(set);
    loss_free(l);
}

Test(losses_taught, without_a_teacher_they_say_so) {
    base_error error = {0};
    loss *l = new_loss("{\"name\": \"mse\"}");
    nn_params *set = loss_case_embeddings(1, ROWS, WIDTH, 0, false);
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    cr_expect_null(loss_case_build(t, l, set, 1, &(loss_target){.examples = ROWS}));
    cr_expect_str_eq(tape_error(t)->text, "loss mse: there is no teacher");
    tape_free(t);
    nn_params_free(set);
    loss_free(l);
}
