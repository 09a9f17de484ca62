/* Against PyTorch, in both builds: every loss with its gradients, and ten training steps. */
#include "base/json.h"
#include "losses/loss.h"
#include "tests/golden.h"
#include "train/optimizer.h"
#include "train/schedule.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Losses: the double build against float64, the float build against float32. */
#ifdef REAL_DOUBLE
#define LOSS_PREFIX ""
static const double loss_tolerance = 1e-9;
#define gradient_tolerance 1e-9
#else
#define LOSS_PREFIX "float32."
static const double loss_tolerance = 1e-5;
#define gradient_tolerance golden_bound(2e-5, 1e-4)
#endif

enum { STEPS = 10 };

typedef struct golden_loss {
    const char *name, *config;
    size_t columns, column[GOLDEN_COLUMNS];
} golden_loss;

#define SOFTMAX(parts)                                                                             \
    {                                                                                              \
        "softmax(" parts ")", "{\"name\": \"softmax\", \"concatenation\": \"" parts "\"}", 2, {    \
            0, 2                                                                                   \
        }                                                                                          \
    }

static const golden_loss losses[] = {
    SOFTMAX("u,v"),
    SOFTMAX("|u-v|"),
    SOFTMAX("u*v"),
    SOFTMAX("|u-v|,u*v"),
    SOFTMAX("u,v,u*v"),
    SOFTMAX("u,v,|u-v|"),
    SOFTMAX("u,v,|u-v|,u*v"),
    {"mnrl", "\"mnrl\"", 2, {0, 1}},
    {"mnrl_hard", "\"mnrl\"", 3, {0, 1, 2}},
    {"mnrl_symmetric",
     "{\"name\": \"mnrl\", \"directions\": [\"query_to_doc\", \"doc_to_query\"], "
     "\"partition_mode\": \"per_direction\"}",
     2,
     {0, 1}},
    {"mnrl_hard_symmetric",
     "{\"name\": \"mnrl\", \"directions\": [\"query_to_doc\", \"doc_to_query\"], "
     "\"partition_mode\": \"per_direction\"}",
     3,
     {0, 1, 2}},
    {"cosine", "\"cosine\"", 2, {0, 1}},
};
enum { LOSSES = sizeof losses / sizeof *losses };

/* What the training steps use, under other names. */
static const golden_loss trained[] = {
    {"softmax", "\"softmax\"", 2, {0, 2}},
    {"mnrl", "\"mnrl\"", 3, {0, 1, 2}},
    {"cosine", "\"cosine\"", 2, {0, 1}},
};
enum { TRAINED = sizeof trained / sizeof *trained };

/* The loss of a config, its head filled from the probes. */
static loss *new_loss(const golden *g, const char *config) {
    base_error error = {0};
    loss_setting setting = {.width = g->model->width};
    cJSON *tree = base_json_parse(config, strlen(config), "config", 1, &error);
    loss *l = loss_new(tree, &setting, "config", "", &error);
    cJSON_Delete(tree);
    cr_assert(l && nn_params_train(loss_params(l), &error), "%s", error.text);
    for (size_t p = 0; p < nn_params_count(loss_params(l)); p++) {
        tape_param *param = nn_params_at(loss_params(l), p);
        for (size_t i = 0; i < param->rows * param->cols; i++)
            param->value[i] = REAL(golden_probe(p + 1, i) / sqrt(3 * (double)g->model->width));
    }
    return l;
}

/* Builds the loss of columns of embeddings and goes backward; its value. */
static double backward(golden *g, const golden_loss *which, loss *l, tape_node *const *column) {
    tape *t = g->tape;
    loss_target target = g->batch.target;
    target.kind = loss_definition(l)->target;
    tape_node *value = loss_build(l, t, column, which->columns, &target);
    cr_assert(value && tape_backward(t, value, NULL), "%s", tape_error(t)->text);
    return (double)value->value[0];
}

static void begin(golden *g, loss *l) {
    golden_begin(g);
    for (size_t p = 0; p < nn_params_count(loss_params(l)); p++)
        tape_param_clear_grad(nn_params_at(loss_params(l), p));
}

/* Forward and backward over the batch at hand; the loss's value. */
static double pass(golden *g, const golden_loss *which, loss *l) {
    size_t examples = g->batch.target.examples;
    tape_node *column[GOLDEN_COLUMNS];
    begin(g, l);
    tape_node *pooled = nn_model_forward(g->model, g->tape, &g->batch.layout);
    for (size_t c = 0; c < which->columns; c++)
        column[c] = op_rows(g->tape, pooled, which->column[c] * examples, examples);
    return backward(g, which, l, column);
}

static void expect_head(golden *g, const loss *l, const char *key, double tolerance,
                        bool gradients) {
    size_t count = nn_params_count(loss_params(l));
    double rows[2][GOLDEN_SKETCH];
    for (size_t p = 0; p < count; p++) {
        const tape_param *param = nn_params_at(loss_params(l), p);
        golden_sketch(gradients ? param->grad : param->value, param->rows * param->cols, rows[p]);
    }
    if (count)
        golden_expect_sketches(g, key, rows, count, NULL, tolerance);
}

static void expect_number(const golden *g, const char *what, size_t i, double got, double want,
                          double tolerance) {
    cr_expect(fabs(got - want) <= tolerance * fabs(want), "%s %s %zu: %.17g, expected %.17g (%.2g)",
              g->size->name, what, i, got, want, fabs(got - want) / fabs(want));
}

static void expect_value(golden *g, const char *kind, const golden_loss *which, double value) {
    size_t count;
    double *want = golden_read(g, &count, LOSS_PREFIX "%s.%s", kind, which->name);
    expect_number(g, which->name, 0, value, *want, loss_tolerance);
    free(want);
}

GOLDEN_TEST(golden_loss, of_texts) {
    golden g;
    char key[80];
    golden_open(&g, size);
    for (const golden_loss *which = losses; which < losses + LOSSES; which++) {
        loss *l = new_loss(&g, which->config);
        expect_value(&g, "loss", which, pass(&g, which, l));
        snprintf(key, sizeof key, "loss.%s.grad", which->name);
        golden_expect_gradients(&g, key, gradient_tolerance);
        snprintf(key, sizeof key, "loss.%s.head", which->name);
        expect_head(&g, l, key, gradient_tolerance, true);
        loss_free(l);
    }
    golden_close(&g);
}

/* ---- embeddings that are given, two of them equal ---- */

/* Columns of embeddings as parameters, filled from the probes. */
static nn_params *given_columns(const golden *g) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    size_t examples = g->batch.target.examples, width = g->model->width;
    for (size_t c = 0; c < GOLDEN_COLUMNS; c++) {
        char name[] = {(char)('u' + c), 0};
        nn_param_spec spec = {name, examples, width, .init = NN_INIT_ZERO};
        nn_params_add(set, &spec, &error);
    }
    cr_assert(nn_params_allocate(set, &error) && nn_params_train(set, &error), "%s", error.text);
    for (size_t c = 0; c < GOLDEN_COLUMNS; c++)
        for (size_t i = 0; i < examples * width; i++)
            nn_params_at(set, c)->value[i] = REAL(golden_probe(c == 1 && i < width ? 0 : c, i));
    return set;
}

static void expect_given(golden *g, const golden_loss *which, nn_params *set) {
    char key[80];
    double rows[GOLDEN_COLUMNS][GOLDEN_SKETCH] = {0};
    tape_node *column[GOLDEN_COLUMNS];
    loss *l = new_loss(g, which->config);
    begin(g, l);
    for (size_t c = 0; c < GOLDEN_COLUMNS; c++) {
        tape_param_clear_grad(nn_params_at(set, c));
        column[c] = tape_leaf(g->tape, nn_params_at(set, c));
    }
    expect_value(g, "given", which, backward(g, which, l, column));
    for (size_t c = 0; c < which->columns; c++) {
        const tape_param *p = nn_params_at(set, c);
        golden_sketch(p->grad, p->rows * p->cols, rows[c]);
    }
    snprintf(key, sizeof key, "given.%s.grad", which->name);
    golden_expect_sketches(g, key, rows, GOLDEN_COLUMNS, NULL, gradient_tolerance);
    loss_free(l);
}

GOLDEN_TEST(golden_loss, of_equal_embeddings) {
    golden g;
    golden_open(&g, size);
    nn_params *set = given_columns(&g);
    for (size_t i = 0; i < LOSSES; i++)
        expect_given(&g, &losses[i], set);
    nn_params_free(set);
    golden_close(&g);
}

/* ---- ten steps ---- */

static train_optimizer *new_optimizer(const golden *g, const loss *l) {
    base_error error = {0};
    train_adamw settings = {
        .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.01, .clip = 1};
    train_optimizer *o = train_optimizer_new(&settings, &error);
    cr_assert(o && train_optimizer_add(o, g->model->encoder->params, 1, 1, &error) &&
                  train_optimizer_add(o, loss_params(l), 1, 1, &error),
              "%s", error.text);
    return o;
}

/* One update by the reference recipe; the loss, and the norm before clipping. */
static double step(golden *g, const golden_loss *which, loss *l, train_optimizer *o, double rate,
                   double *norm) {
    train_optimizer_look_up(o, g->batch.layout.ids, g->batch.layout.tokens);
    double value = pass(g, which, l);
    *norm = train_optimizer_norm(o);
    train_optimizer_update(o, rate, *norm);
    return value;
}

static void train(golden *g, const golden_loss *which) {
    size_t count;
    char what[64];
    loss *l = new_loss(g, which->config);
    train_optimizer *o = new_optimizer(g, l);
    cJSON *linear = cJSON_CreateString("linear");
    base_error error = {0};
    train_schedule *schedule = train_schedule_new(linear, g->size->rate, 0.1, STEPS, &error);
    cr_assert(schedule, "%s", error.text);
    double *losses_wanted = golden_read(g, &count, LOSS_PREFIX "train.%s.loss", which->name);
    double *norms_wanted = golden_read(g, &count, "train.%s.norm", which->name), norm;
    for (size_t s = 0; s < STEPS; s++) {
        golden_fill(g, s % GOLDEN_BATCHES);
        double value = step(g, which, l, o, train_schedule_rate(schedule, s), &norm);
        snprintf(what, sizeof what, "train.%s, step", which->name);
        expect_number(g, what, s, value, losses_wanted[s], loss_tolerance);
        snprintf(what, sizeof what, "train.%s, norm of step", which->name);
        expect_number(g, what, s, norm, norms_wanted[s], 10 * loss_tolerance);
    }
    train_schedule_free(schedule);
    cJSON_Delete(linear);
    train_optimizer_settle(o);
#ifdef REAL_DOUBLE
    snprintf(what, sizeof what, "train.%s.final", which->name);
    golden_expect_values(g, what, gradient_tolerance);
    snprintf(what, sizeof what, "train.%s.head", which->name);
    expect_head(g, l, what, gradient_tolerance, false);
#endif
    free(losses_wanted);
    free(norms_wanted);
    train_optimizer_free(o);
    loss_free(l);
}

GOLDEN_TEST(golden_loss, ten_steps) {
    golden g;
    for (size_t i = 0; i < TRAINED; i++) {
        golden_open(&g, size);
        train(&g, &trained[i]);
        golden_close(&g);
    }
}
