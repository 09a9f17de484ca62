/* The judge is judged: small operators with one planted bug each, which it must refuse, beside the
 * sound form of the same operator, which it must accept. */
#include "autograd/helpers/operands.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/random.h"
#include "tests/judge_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static bool shape_of_input(tape *t, tape_node *n) {
    (void)t;
    n->rows = n->in[0]->rows;
    n->cols = n->in[0]->cols;
    return true;
}

static size_t size_of(const tape_node *n) {
    return n->rows * n->cols;
}

/* A sound and a broken definition that share shape and forward. */
#define PLANT_ONE(def, shape, forward, backward, inputs)                                           \
    static const op_def def;                                                                       \
    static tape_node *build_##def(tape *t, tape_node **in) {                                       \
        return op_apply(t, &def, in, inputs, NULL, 0);                                             \
    }                                                                                              \
    static const op_case cases_##def[] = {                                                         \
        {.name = "4 x 7",                                                                          \
         .in = {{.rows = 4, .cols = 7}, {.rows = (inputs) > 1 ? 4 : 0, .cols = 7}},                \
         .build = build_##def,                                                                     \
         .dropout = true},                                                                         \
        {0},                                                                                       \
    };                                                                                             \
    static const op_def def = {#def, shape, forward, backward, cases_##def, NULL, NULL};
#define PLANT(name, shape, forward, sound, broken, inputs)                                         \
    PLANT_ONE(name##_sound, shape, forward, sound, inputs)                                         \
    PLANT_ONE(name##_broken, shape, forward, broken, inputs)

/* ---- flipped sign: y = a - b ---- */

static void sign_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t i = 0; i < size_of(n); i++)
        n->value[i] = n->in[0]->value[i] - n->in[1]->value[i];
}

static void sign_backward(tape *t, tape_node *n, real sign) {
    real *da = op_grad(t, n->in[0]), *db = op_grad(t, n->in[1]);
    for (size_t i = 0; i < size_of(n); i++) {
        if (da)
            da[i] += op_upstream(n)[i];
        if (db)
            db[i] += sign * op_upstream(n)[i];
    }
}

static void sign_backward_sound(tape *t, tape_node *n) {
    sign_backward(t, n, -1);
}

static void sign_backward_broken(tape *t, tape_node *n) {
    sign_backward(t, n, 1);
}
PLANT(sign, shape_of_input, sign_forward, sign_backward_sound, sign_backward_broken, 2)

/* ---- missing term: y = x^2 + x ---- */

static void term_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t i = 0; i < size_of(n); i++)
        n->value[i] = n->in[0]->value[i] * (n->in[0]->value[i] + 1);
}

static void term_backward(tape *t, tape_node *n, real constant) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] += op_upstream(n)[i] * (2 * n->in[0]->value[i] + constant);
}

static void term_backward_sound(tape *t, tape_node *n) {
    term_backward(t, n, 1);
}

static void term_backward_broken(tape *t, tape_node *n) {
    term_backward(t, n, 0);
}
PLANT(term, shape_of_input, term_forward, term_backward_sound, term_backward_broken, 1)

/* ---- LayerNorm (gamma 1, beta 0) whose backward forgets the mean of dy ---- */

static double norm_statistics(const tape_node *n, size_t row, double *mean) {
    const real *x = n->in[0]->value + row * n->cols;
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n->cols; i++)
        sum += (double)x[i];
    *mean = sum / (double)n->cols;
    for (size_t i = 0; i < n->cols; i++)
        squares += ((double)x[i] - *mean) * ((double)x[i] - *mean);
    return 1 / sqrt(squares / (double)n->cols + 1e-5);
}

static void norm_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t r = 0; r < n->rows; r++) {
        double mean, inverse = norm_statistics(n, r, &mean);
        for (size_t i = 0; i < n->cols; i++)
            n->value[r * n->cols + i] =
                REAL(((double)n->in[0]->value[r * n->cols + i] - mean) * inverse);
    }
}

static void norm_backward(tape *t, tape_node *n, double correction) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t r = 0; dx && r < n->rows; r++) {
        const real *dy = op_upstream(n) + r * n->cols, *y = n->value + r * n->cols;
        double unused, inverse = norm_statistics(n, r, &unused), mean = 0, along = 0;
        for (size_t i = 0; i < n->cols; i++) {
            mean += correction * (double)dy[i] / (double)n->cols;
            along += (double)dy[i] * (double)y[i] / (double)n->cols;
        }
        for (size_t i = 0; i < n->cols; i++)
            dx[r * n->cols + i] += REAL(inverse * ((double)dy[i] - mean - (double)y[i] * along));
    }
}

static void norm_backward_sound(tape *t, tape_node *n) {
    norm_backward(t, n, 1);
}

static void norm_backward_broken(tape *t, tape_node *n) {
    norm_backward(t, n, 0);
}
PLANT(norm, shape_of_input, norm_forward, norm_backward_sound, norm_backward_broken, 1)

/* ---- dropout whose backward forgets the mask ---- */

static real mask(const tape *t, size_t i) {
    return base_random_mix(tape_get_mode(t)->seed, i) & 1 ? 2 : 0;
}

static void dropout_forward(tape *t, tape_node *n) {
    for (size_t i = 0; i < size_of(n); i++)
        n->value[i] = mask(t, i) * n->in[0]->value[i];
}

static void dropout_backward_sound(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] += mask(t, i) * op_upstream(n)[i];
}

static void dropout_backward_broken(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] += op_upstream(n)[i];
}
PLANT(dropout, shape_of_input, dropout_forward, dropout_backward_sound, dropout_backward_broken, 1)

/* ---- causal: y_i is the sum of the row's values up to i; the gradient of those after it ---- */

static void causal_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t i = 0; i < size_of(n); i++)
        n->value[i] = n->in[0]->value[i] + (i % n->cols ? n->value[i - 1] : 0);
}

/* Of y_j for x_i: those from i on, or, `looking_ahead`, those up to i. */
static void causal_back(tape *t, tape_node *n, bool looking_ahead) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        for (size_t j = i - i % n->cols; j < i - i % n->cols + n->cols; j++)
            if (looking_ahead ? j <= i : j >= i)
                dx[i] += op_upstream(n)[j];
}

static void causal_backward_sound(tape *t, tape_node *n) {
    causal_back(t, n, false);
}

static void causal_backward_broken(tape *t, tape_node *n) {
    causal_back(t, n, true);
}
PLANT(causal, shape_of_input, causal_forward, causal_backward_sound, causal_backward_broken, 1)

/* ---- all pairs of a row: y_i = sum over j of (x_i - x_j)^2; one side of a pair forgotten ---- */

static void pairs_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t i = 0; i < size_of(n); i++) {
        const real *row = n->in[0]->value + (i - i % n->cols);
        n->value[i] = 0;
        for (size_t j = 0; j < n->cols; j++)
            n->value[i] += (row[i % n->cols] - row[j]) * (row[i % n->cols] - row[j]);
    }
}

static void pairs_back(tape *t, tape_node *n, real other_side) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        for (size_t first = i - i % n->cols, j = first; j < first + n->cols; j++)
            dx[i] += 2 * (n->in[0]->value[i] - n->in[0]->value[j]) *
                     (op_upstream(n)[i] + other_side * op_upstream(n)[j]);
}

static void pairs_backward_sound(tape *t, tape_node *n) {
    pairs_back(t, n, 1);
}

static void pairs_backward_broken(tape *t, tape_node *n) {
    pairs_back(t, n, 0);
}
PLANT(pairs, shape_of_input, pairs_forward, pairs_backward_sound, pairs_backward_broken, 1)

/* ---- an adapter: y = x + s (x a), a of the other input; the scale forgotten behind it ---- */

static const real adapter_scale = 2;

static void adapter_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t i = 0; i < size_of(n); i++)
        n->value[i] = n->in[0]->value[i] * (1 + adapter_scale * n->in[1]->value[i]);
}

static void adapter_back(tape *t, tape_node *n, real scale) {
    real *dx = op_grad(t, n->in[0]), *da = op_grad(t, n->in[1]);
    for (size_t i = 0; i < size_of(n); i++) {
        if (dx)
            dx[i] += op_upstream(n)[i] * (1 + adapter_scale * n->in[1]->value[i]);
        if (da)
            da[i] += op_upstream(n)[i] * scale * n->in[0]->value[i];
    }
}

static void adapter_backward_sound(tape *t, tape_node *n) {
    adapter_back(t, n, adapter_scale);
}

static void adapter_backward_broken(tape *t, tape_node *n) {
    adapter_back(t, n, 1);
}
PLANT(adapter, shape_of_input, adapter_forward, adapter_backward_sound, adapter_backward_broken, 2)

/* ---- the identity, with gradients written in wrong ways ---- */

static void identity_forward(tape *t, tape_node *n) {
    (void)t;
    memcpy(n->value, n->in[0]->value, size_of(n) * sizeof(real));
}

static void identity_backward(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] += op_upstream(n)[i];
}

/* `=` for `+=` */
static void assigned_backward(tape *t, tape_node *n) {
    real *dx = op_grad(t, n->in[0]);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] = op_upstream(n)[i];
}
PLANT(assigned, shape_of_input, identity_forward, identity_backward, assigned_backward, 1)

static void written_backward(tape *t, tape_node *n) {
    real beta, *dx = op_grad_write(t, n->in[0], &beta);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] = op_upstream(n)[i] + (beta == 0 ? 0 : dx[i]);
}

/* Adds to what is garbage on first touch. */
static void garbage_backward(tape *t, tape_node *n) {
    real beta, *dx = op_grad_write(t, n->in[0], &beta);
    for (size_t i = 0; dx && i < size_of(n); i++)
        dx[i] += op_upstream(n)[i];
}
PLANT(garbage, shape_of_input, identity_forward, written_backward, garbage_backward, 1)

/* Writes over its input. */
static void overwriting_backward(tape *t, tape_node *n) {
    identity_backward(t, n);
    n->in[0]->value[0] += 1;
}
PLANT(overwriting, shape_of_input, identity_forward, identity_backward, overwriting_backward, 1)

/* ---- product y = x w^T (both [4,7]: y is [4,4]) with a wrong beta ---- */

static bool product_shape(tape *t, tape_node *n) {
    (void)t;
    n->rows = n->in[0]->rows;
    n->cols = n->in[1]->rows;
    return true;
}

static void product_forward(tape *t, tape_node *n) {
    (void)t;
    size_t k = n->in[0]->cols;
    gemm_job y = {.m = n->rows,
                  .n = n->cols,
                  .k = k,
                  .alpha = 1,
                  .a = op_values(n->in[0], false),
                  .b = op_values(n->in[1], true),
                  .c = n->value,
                  .c_stride = n->cols};
    gemm_run(&y, 1);
}

static void product_back(tape *t, tape_node *n, size_t input, real *wrong_beta) {
    size_t k = n->in[0]->cols;
    real beta, *grad = op_grad_write(t, n->in[input], &beta);
    gemm_job job = {.m = n->in[input]->rows,
                    .n = k,
                    .k = n->in[1 - input]->rows,
                    .alpha = 1,
                    .beta = wrong_beta ? *wrong_beta : beta,
                    .a = op_upstream_values(n, input == 1),
                    .b = op_values(n->in[1 - input], false),
                    .c = grad,
                    .c_stride = k};
    if (grad)
        gemm_run(&job, 1);
}

static void product_backward(tape *t, tape_node *n, real *wrong_beta) {
    product_back(t, n, 0, wrong_beta);
    product_back(t, n, 1, wrong_beta);
}

static void product_backward_sound(tape *t, tape_node *n) {
    product_backward(t, n, NULL);
}

/* beta 0 for 1 */
static void product_backward_zero(tape *t, tape_node *n) {
    product_backward(t, n, &(real){0});
}

/* beta 1 for 0 */
static void product_backward_one(tape *t, tape_node *n) {
    product_backward(t, n, &(real){1});
}
PLANT(beta_zero, product_shape, product_forward, product_backward_sound, product_backward_zero, 2)
PLANT(beta_one, product_shape, product_forward, product_backward_sound, product_backward_one, 2)

/* ---- forward that adds to memory it never cleared ---- */

static void uncleared_forward(tape *t, tape_node *n) {
    (void)t;
    for (size_t i = 0; i < size_of(n); i++)
        n->value[i] += n->in[0]->value[i];
}
PLANT_ONE(uncleared, shape_of_input, uncleared_forward, identity_backward, 1)

static const struct plant {
    const op_def *sound, *broken;
    const char *finding; /* part of the judge's sentence */
} plants[] = {
    {&sign_sound, &sign_broken, "gradient of input 1"},
    {&term_sound, &term_broken, "gradient of input 0"},
    {&norm_sound, &norm_broken, "gradient of input 0"},
    {&dropout_sound, &dropout_broken, "gradient of input 0"},
    {&causal_sound, &causal_broken, "gradient of input 0"},
    {&pairs_sound, &pairs_broken, "gradient of input 0"},
    {&adapter_sound, &adapter_broken, "gradient of input 1"},
    {&assigned_sound, &assigned_broken, "added to what was there"},
    {&garbage_sound, &garbage_broken, "on first touch"},
    {&overwriting_sound, &overwriting_broken, "writes to its inputs"},
    {&beta_zero_sound, &beta_zero_broken, "added to what was there"},
    {&beta_one_sound, &beta_one_broken, "on first touch"},
    {NULL, &uncleared, "nan"},
};

Test(judge, finds_every_planted_bug) {
    for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
        base_error sound = {0}, broken = {0};
        if (plants[i].sound)
            cr_expect(judge_op(plants[i].sound, NULL, &sound), "%s", sound.text);
        cr_expect_not(judge_op(plants[i].broken, NULL, &broken), "%s passed",
                      plants[i].broken->name);
        cr_expect(strstr(broken.text, plants[i].finding), "%s: expected \"%s\"", broken.text,
                  plants[i].finding);
    }
}

Test(judge, refuses_an_operator_without_cases) {
    op_def bare = sign_sound;
    bare.cases = NULL;
    base_error why = {0};
    cr_expect_not(judge_op(&bare, NULL, &why));
    cr_expect_str_eq(why.text, "op sign_sound has no cases");
}

/* A kernel's remainder loop that does nothing: whole fours only. */
static void add_without_remainder(size_t n, const real *x, real *y) {
    kernel_best()->add(n - n % 4, x, y);
}

static real dot_without_remainder(size_t n, const real *x, const real *y) {
    return kernel_best()->dot(n - n % 4, x, y);
}

extern const op_def op_add_def, op_normalize_def;

Test(judge, finds_a_remainder_loop_that_is_missing) {
    kernel_table broken = *kernel_best();
    broken.add = add_without_remainder;
    base_error why = {0};
    cr_expect_not(judge_op(&op_add_def, &broken, &why));
    broken = *kernel_best();
    broken.dot = dot_without_remainder;
    why = (base_error){0};
    cr_expect_not(judge_op(&op_normalize_def, &broken, &why));
}
