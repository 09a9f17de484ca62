/* Losses that wrap losses: what they need, what they draw, and training by them. */
#include "losses/loss.h"
#include "tests/fixture.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(wrapping, .init = tiny_corpora);

static loss *new_loss(const char *config, size_t width) {
    base_error error = {0};
    cJSON *tree = cJSON_Parse(config);
    loss *l = loss_new(tree, &(loss_setting){.width = width}, "a.json", "", &error);
    cr_assert_not_null(l, "%s: %s", config, error.text);
    cJSON_Delete(tree);
    return l;
}

static tape *new_tape(void) {
    base_error error = {0};
    tape *t = tape_new(1 << 24, 1 << 24, &error);
    cr_assert_not_null(t);
    return t;
}

Test(wrapping, a_wrapped_loss_is_resolved_and_says_what_it_needs) {
    loss *l = new_loss("{\"name\": \"matryoshka\", \"loss\": \"cosent\"}", 100);
    cr_expect_str_eq(loss_definition(l)->name, "matryoshka");
    cr_expect_eq(loss_definition(l)->target, DATA_TARGET_SCORE);
    cr_expect_eq(loss_definition(l)->max_columns, 2);
    cr_expect_not(loss_definition(l)->negatives_in_batch);
    const cJSON *inner = base_json_get(loss_config(l), "loss");
    cr_expect_eq(base_json_get(inner, "scale")->valuedouble, 20);
    /* the width and its halves */
    cr_expect_eq(loss_get_setting(loss_inner(l, 0))->width, 100);
    cr_expect_eq(loss_get_setting(loss_inner(l, 1))->width, 50);
    cr_expect_null(loss_inner(l, 2));
    size_t own, inner_bytes;
    cr_expect(loss_tape_bytes(l, 8, 2, &own) &&
              loss_tape_bytes(loss_inner(l, 0), 8, 2, &inner_bytes) && own > inner_bytes);
    loss_free(l);
}

/* What all need of the data is needed. */
Test(wrapping, a_sum_needs_what_its_losses_need) {
    loss *l = new_loss(
        "{\"name\": \"sum\", \"losses\": [\"angle\", {\"name\": \"matryoshka\"}, \"cosine\"]}", 4);
    const loss_def *def = loss_definition(l);
    cr_expect_str_eq(def->name, "sum");
    cr_expect(def->target == DATA_TARGET_SCORE && def->needs_target && !def->needs_teacher);
    cr_expect(def->min_columns == 2 && def->max_columns == 2);
    cr_expect(def->min_batch == 2 && def->negatives_in_batch);
    cr_expect_not(def->raw_scores, "cosine needs their range");
    /* the sum, angle, matryoshka and its one width, cosine */
    static const char *const parts[] = {"sum", "angle", "matryoshka", "mnrl", "cosine"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect_str_eq(loss_definition(loss_part(l, i))->name, parts[i]);
    cr_expect_null(loss_part(l, 5));
    loss_free(l);
    static const struct {
        const char *losses;
        bool teacher, target;
    } told[] = {{"[\"margin_mse\", \"kl\"]", true, false},
                {"[\"mse\", \"cosine\"]", true, true},
                {"[\"margin_mse\"]", false, false},
                {"[\"triplet\", \"kl\"]", true, false}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        base_error error = {0};
        char *config = base_format("{\"name\": \"sum\", \"losses\": %s}", told[i].losses);
        cJSON *given = cJSON_Parse(config), *whole = loss_resolve(given, "a.json", "", &error);
        loss_def needs;
        cr_assert(whole && loss_define(whole, &needs, &error), "%s", error.text);
        cr_expect(needs.needs_teacher == told[i].teacher && needs.needs_target == told[i].target,
                  "%s", told[i].losses);
        cJSON_Delete(given);
        cJSON_Delete(whole);
        free(config);
    }
}

/* The value of a pass with this seed and step, of two pairs that are sines. */
static double value_at(const loss *l, tape *t, size_t width, uint64_t seed, uint64_t step) {
    enum { ROWS = 2, MOST = 8 };
    real a[ROWS * MOST], b[ROWS * MOST];
    for (size_t i = 0; i < ROWS * width; i++) {
        a[i] = REAL(sin(0.7 * (double)(i + 1)));
        b[i] = REAL(sin(1.1 * (double)(i + 1)));
    }
    tape_begin(t, &(tape_mode){.record = true, .seed = seed, .step = step});
    tape_node *nodes[] = {tape_input(t, ROWS, width, a), tape_input(t, ROWS, width, b)};
    const double score[] = {0.5, 1};
    const tape_node *y =
        loss_build(l, t, nodes, 2, &(loss_target){DATA_TARGET_SCORE, ROWS, .score = score});
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    return (double)y->value[0];
}

enum { DRAWN_STEPS = 6000, DRAWN_WIDTHS = 4, SUBSETS = 1 << DRAWN_WIDTHS };

static loss *matryoshka_of(const char *dims, size_t dims_per_step) {
    char config[200];
    snprintf(
        config, sizeof config,
        "{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": %s, \"n_dims_per_step\": %zu}",
        dims, dims_per_step);
    return new_loss(config, 7);
}

/* Of every set of dims the sum of their losses, which tells it from the others. */
static void sums_of_dims(tape *t, double *sum) {
    static const char *const alone[DRAWN_WIDTHS] = {"[7]", "[5]", "[3]", "[2]"};
    for (size_t i = 0; i < DRAWN_WIDTHS; i++) {
        loss *one = matryoshka_of(alone[i], 0);
        double value = value_at(one, t, 7, 0, 0);
        for (size_t s = 0; s < SUBSETS; s++)
            sum[s] += s >> i & 1 ? value : 0;
        loss_free(one);
    }
}

static void expect_even_draws(tape *t, const double *sum, size_t wanted) {
    loss *l = matryoshka_of("[7, 5, 3, 2]", wanted);
    size_t count[SUBSETS] = {0}, same = 0;
    for (size_t step = 0; step < DRAWN_STEPS; step++) {
        double value = value_at(l, t, 7, 1, step);
        cr_expect_eq(value, value_at(l, t, 7, 1, step), "a step has one choice");
        same += fabs(value - value_at(l, t, 7, 2, step)) < 1e-5;
        for (size_t s = 0; s < SUBSETS; s++)
            count[s] += fabs(sum[s] - value) < 1e-5;
    }
    double subsets = wanted == 2 ? 6 : 4, expected = DRAWN_STEPS / subsets;
    double spread = sqrt(expected * (1 - 1 / subsets));
    for (size_t s = 0; s < SUBSETS; s++) {
        bool possible = (size_t)__builtin_popcount((unsigned)s) == wanted;
        cr_expect_float_eq((double)count[s], possible ? expected : 0, possible ? 4 * spread : 0,
                           "%zu of %d steps had the dims %zx", count[s], DRAWN_STEPS, s);
    }
    cr_expect_float_eq((double)same, expected, 4 * spread, "another seed, another choice");
    loss_free(l);
}

Test(wrapping, matryoshka_draws_dims_evenly_by_seed_and_step) {
    tape *t = new_tape();
    double sum[SUBSETS] = {0};
    sums_of_dims(t, sum);
    for (size_t wanted = 1; wanted < DRAWN_WIDTHS; wanted++)
        expect_even_draws(t, sum, wanted);
    tape_free(t);
}

/* ---- training ---- */

/* Trains by this loss of nli.tsv or sts.tsv and stops on the way; crc32 of the last checkpoint. */
static uint32_t state_after(const char *loss_set, size_t stop_at) {
    const char *sets[] = {loss_set, NULL};
    tiny_run_well(sets, TRAIN_OVERWRITE, stop_at);
    if (stop_at)
        tiny_run_well(sets, TRAIN_RESUME, 0);
    return tiny_run_crc("run", "checkpoints/step-000000010/model/model.safetensors");
}

Test(wrapping, a_sum_of_one_is_that_one_and_leaves_its_head) {
    uint32_t alone = state_after("train.data.0.loss=softmax", 0);
    uint32_t head = tiny_run_crc("run", "model/loss/model.safetensors");
    static const char set[] = "train.data.0.loss={\"name\":\"sum\",\"losses\":[\"softmax\"]}";
    cr_expect_eq(state_after(set, 0), alone);
    cr_expect_eq(tiny_run_crc("run", "model/loss/model.safetensors"), head);
    cr_expect_eq(state_after(set, 4), alone, "the head goes on from the checkpoint");
}

/* Losses that draw, of which a step must draw the same again. */
static const char *const drawing[] = {
    "train.data.0.loss={\"name\":\"matryoshka\",\"dims\":[12,6,3,1],\"n_dims_per_step\":2}",
};

Test(wrapping, what_is_drawn_is_the_same_after_resuming) {
    for (size_t i = 0; i < sizeof drawing / sizeof *drawing; i++)
        cr_expect_eq(state_after(drawing[i], 0), state_after(drawing[i], 4), "%s", drawing[i]);
}
