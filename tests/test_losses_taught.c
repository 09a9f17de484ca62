/* Losses that are told by a teacher: values and gradients of sentence-transformers 6.2 (MSELoss,
 * MarginMSELoss, DistillKLDivLoss in double) on embeddings sin((0.7 + 0.3 column) (i + 1)). */
#include "losses/loss.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#ifdef REAL_DOUBLE
#define tolerance 1e-13
#else
#define tolerance 3e-6
#endif

enum { ROWS = 3, WIDTH = 4, MOST_COLUMNS = 4, NUMBERS = ROWS * WIDTH };

static void fill(double *out, size_t count, double angle, double factor) {
    for (size_t i = 0; i < count; i++)
        out[i] = factor * sin(angle * (double)(i + 1));
}

/* Gradients are told by their dot product with sin(0.2 (i + 1)). */
static const struct expected {
    const char *config;
    size_t columns;
    double angle, factor; /* of what the teacher says */
    double value, gradient[MOST_COLUMNS];
} table[] = {
    {"{\"name\": \"mse\"}",
     2,
     0.9,
     1,
     1.3198542358821481,
     {0.04251245257310814, -0.13684628865804827}},
    {"{\"name\": \"margin_mse\"}",
     4,
     1.3,
     2,
     8.908548465402248,
     {5.004057560428748, -10.57521435458073, 5.5497559121886475, 5.0254584423920825}},
    {"{\"name\": \"kl\"}",
     4,
     1.3,
     2,
     0.8486092567571357,
     {0.4972121408448229, -0.6835468689467956, 0.4917993714450018, 0.19174749750179365}},
    {"{\"name\": \"kl\", \"temperature\": 2}",
     4,
     1.3,
     2,
     1.0556083554057074,
     {0.6036122691773478, -0.961359797469041, 0.6097080755635198, 0.3516517219055213}},
};

static loss *new_loss(const char *config) {
    base_error error = {0};
    cJSON *tree = cJSON_Parse(config);
    loss *l =
        loss_new(tree, &(loss_setting){.width = WIDTH, .teacher_width = WIDTH}, "test", "", &error);
    cr_assert(l, "%s", error.text);
    cJSON_Delete(tree);
    return l;
}

/* Embeddings of the columns, with room for gradients. */
static nn_params *new_columns(size_t columns) {
    base_error error = {0};
    double numbers[NUMBERS];
    nn_params *set = nn_params_new(&error);
    static const char *const names[MOST_COLUMNS] = {"0", "1", "2", "3"};
    for (size_t c = 0; c < columns; c++) {
        nn_param_spec spec = {names[c], ROWS, WIDTH, .decay = false};
        nn_params_add(set, &spec, &error);
    }
    nn_params_allocate(set, &error);
    nn_params_train(set, &error);
    for (size_t c = 0; c < columns; c++) {
        fill(numbers, NUMBERS, 0.7 + 0.3 * (double)c, 1);
        for (size_t i = 0; i < NUMBERS; i++)
            nn_params_at(set, c)->value[i] = REAL(numbers[i]);
    }
    cr_assert(base_ok(&error), "%s", error.text);
    return set;
}

static tape_node *build(tape *t, const loss *l, nn_params *set, size_t columns,
                        const loss_target *target) {
    tape_node *nodes[MOST_COLUMNS];
    tape_begin(t, &(tape_mode){.record = true});
    for (size_t c = 0; c < columns; c++)
        nodes[c] = tape_leaf(t, nn_params_at(set, c));
    return loss_build(l, t, nodes, columns, target);
}

static void expect(const struct expected *e) {
    base_error error = {0};
    loss *l = new_loss(e->config);
    nn_params *set = new_columns(e->columns);
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    double taught[2 * NUMBERS], probe[NUMBERS];
    fill(taught, 2 * NUMBERS, e->angle, e->factor);
    fill(probe, NUMBERS, 0.2, 1);
    loss_target target = {.examples = ROWS, .taught = taught};
    tape_node *y = build(t, l, set, e->columns, &target);
    cr_assert(y && tape_backward(t, y, NULL), "%s: %s", e->config, tape_error(t)->text);
    cr_expect_float_eq((double)y->value[0], e->value, tolerance * e->value, "%s: %.17g", e->config,
                       (double)y->value[0]);
    for (size_t c = 0; c < e->columns; c++) {
        double dot = 0;
        for (size_t i = 0; i < NUMBERS; i++)
            dot += (double)nn_params_at(set, c)->grad[i] * probe[i];
        cr_expect_float_eq(dot, e->gradient[c], tolerance * 20, "%s, column %zu: %.17g", e->config,
                           c, dot);
    }
    tape_free(t);
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
    nn_params *set = new_columns(MOST_COLUMNS);
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    double margin[ROWS];
    fill(margin, ROWS, 0.5, 3);
    loss_target target = {.kind = DATA_TARGET_SCORE, .examples = ROWS, .score = margin};
    tape_node *y = build(t, l, set, 3, &target);
    cr_assert(y, "%s", tape_error(t)->text);
    cr_expect_float_eq((double)y->value[0], 14.577607796975535, tolerance * 15);
    cr_expect_null(build(t, l, set, 4, &target));
    cr_expect_str_eq(tape_error(t)->text, "loss margin_mse: 2 negatives and the margin of one, "
                                          "expected one negative or a teacher");
    tape_free(t);
    nn_params_free(set);
    loss_free(l);
}

Test(losses_taught, without_a_teacher_they_say_so) {
    base_error error = {0};
    loss *l = new_loss("{\"name\": \"mse\"}");
    nn_params *set = new_columns(1);
    tape *t = tape_new(1 << 20, 1 << 16, &error);
    cr_expect_null(build(t, l, set, 1, &(loss_target){.examples = ROWS}));
    cr_expect_str_eq(tape_error(t)->text, "loss mse: there is no teacher");
    tape_free(t);
    nn_params_free(set);
    loss_free(l);
}
