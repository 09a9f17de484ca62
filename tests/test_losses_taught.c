/* Losses that are told by a teacher: values and gradients of sentence-transformers 6.2 (MSELoss,
 * MarginMSELoss, DistillKLDivLoss in double) on embeddings sin((0.7 + 0.3 column) (i + 1)). */
#include "tests/loss_case.h"

#include <criterion/criterion.h>

#ifdef REAL_DOUBLE
#define tolerance 1e-13
#else
#define tolerance 3e-6
#endif

enum { ROWS = 3, WIDTH = 4, NUMBERS = ROWS * WIDTH };

static const struct expected {
    loss_case loss;
    double angle, factor; /* of what the teacher says */
} table[] = {
    {{"{\"name\": \"mse\"}", 2, 0, 1.3198542358821481, {0.04251245257310814, -0.13684628865804827}},
     0.9,
     1},
    {{"{\"name\": \"margin_mse\"}",
      4,
      0,
      8.908548465402248,
      {5.004057560428748, -10.57521435458073, 5.5497559121886475, 5.0254584423920825}},
     1.3,
     2},
    {{"{\"name\": \"kl\"}",
      4,
      0,
      0.8486092567571357,
      {0.4972121408448229, -0.6835468689467956, 0.4917993714450018, 0.19174749750179365}},
     1.3,
     2},
    {{"{\"name\": \"kl\", \"temperature\": 2}",
      4,
      0,
      1.0556083554057074,
      {0.6036122691773478, -0.961359797469041, 0.6097080755635198, 0.3516517219055213}},
     1.3,
     2},
};

static loss *new_loss(const char *config) {
    return loss_case_loss(config, WIDTH, WIDTH);
}

static void expect(const struct expected *e) {
    loss *l = new_loss(e->loss.config);
    nn_params *set = loss_case_embeddings(e->loss.columns, ROWS, WIDTH, 0);
    double taught[2 * NUMBERS];
    loss_case_sines(taught, 2 * NUMBERS, e->angle, e->factor);
    loss_target target = {.examples = ROWS, .taught = taught};
    loss_case_expect(&e->loss, l, set, &target, tolerance);
    nn_params_free(set);
    loss_free(l);
}

Test(losses_taught, as_sentence_transformers_has_them) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        expect(&table[i]);
}

/* The rows' scores are margins then, of one negative. */
Test(losses_taught, margins_may_come_from_the_data) {
    base_error error = {0};
    loss *l = new_loss("{\"name\": \"margin_mse\"}");
    nn_params *set = loss_case_embeddings(4, ROWS, WIDTH, 0);
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
    nn_params *set = loss_case_embeddings(1, ROWS, WIDTH, 0);
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    cr_expect_null(loss_case_build(t, l, set, 1, &(loss_target){.examples = ROWS}));
    cr_expect_str_eq(tape_error(t)->text, "loss mse: there is no teacher");
    tape_free(t);
    nn_params_free(set);
    loss_free(l);
}
