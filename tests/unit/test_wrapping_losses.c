/* Losses that wrap losses: what they need, what they draw, and training by them. */
#include "losses/loss.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(wrapping, .init = tiny_corpora);

static loss *new_loss(const char *config, size_t width) {
    base_error error = {0};
    cJSON *tree = cJSON_Parse(config);
    loss *l = loss_new(tree, &(loss_setting){.width = width, .layers = 4}, "a.json", "", &error);
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
    cr_expect(loss_tape_bytes(l, 8, 2, 0, &own) &&
              loss_tape_bytes(loss_inner(l, 0), 8, 2, 0, &inner_bytes) && own > inner_bytes);
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

/* ---- draws ---- */

enum { DRAWN = 4, SUBSETS = 1 << DRAWN, STEPS = 6000, ROWS = 2, WIDTH = 7 };

/* Two texts' embeddings of a layer; 0 is the last. */
static void add_layer(tape *t, size_t layer, tape_node **text) {
    for (size_t c = 0; c < 2; c++) {
        real *x = tape_memory(t, ROWS, WIDTH, sizeof *x);
        for (size_t i = 0; i < ROWS * WIDTH; i++)
            x[i] = REAL(sin((0.7 + 0.4 * (double)c + 0.1 * (double)layer) * (double)(i + 1)));
        text[c] = tape_input(t, ROWS, WIDTH, x);
    }
}

/* The value of a pass on pairs, with the layers 1 to DRAWN, as if `last` were the last one. */
static double value_in(const loss *l, tape *t, size_t last, const tape_mode *mode) {
    static const double score[ROWS] = {0.5, 1};
    tape_node *text[2], *layer[2 * DRAWN];
    tape_begin(t, mode);
    add_layer(t, last, text);
    for (size_t i = 0; i < DRAWN; i++)
        add_layer(t, 1 + i, layer + 2 * i);
    loss_target target = {DATA_TARGET_SCORE, ROWS, .score = score, .layer = layer, .layers = DRAWN};
    const tape_node *y = loss_build(l, t, text, 2, &target);
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    return (double)y->value[0];
}

/* Of this seed and step of training. */
static double value_at(const loss *l, tape *t, size_t last, uint64_t seed, uint64_t step) {
    return value_in(l, t, last, &(tape_mode){.record = true, .seed = seed, .step = step});
}

/* The value of another loss, which draws nothing. */
static double value_alone(const char *config, tape *t, size_t last) {
    loss *l = new_loss(config, WIDTH);
    double value = value_at(l, t, last, 0, 0);
    loss_free(l);
    return value;
}

/* A loss that is the sum of `wanted` of the numbers `each`, as each step draws them. */
static void expect_even_draws(const loss *l, tape *t, const double *each, size_t wanted) {
    size_t count[SUBSETS] = {0}, same = 0;
    double sum[SUBSETS] = {0};
    for (size_t s = 0; s < SUBSETS; s++)
        for (size_t i = 0; i < DRAWN; i++)
            sum[s] += s >> i & 1 ? each[i] : 0;
    for (size_t step = 0; step < STEPS; step++) {
        double value = value_at(l, t, 0, 1, step);
        cr_expect_eq(value, value_at(l, t, 0, 1, step), "a step has one choice");
        same += fabs(value - value_at(l, t, 0, 2, step)) < 1e-5;
        for (size_t s = 0; s < SUBSETS; s++)
            count[s] += fabs(sum[s] - value) < 1e-5;
    }
    double subsets = wanted == 2 ? 6 : 4, expected = STEPS / subsets;
    double spread = sqrt(expected * (1 - 1 / subsets));
    for (size_t s = 0; s < SUBSETS; s++) {
        bool possible = (size_t)__builtin_popcount((unsigned)s) == wanted;
        cr_expect_float_eq((double)count[s], possible ? expected : 0, possible ? 4 * spread : 0,
                           "%zu of %d steps had the set %zx", count[s], STEPS, s);
    }
    cr_expect_float_eq((double)same, expected, 4 * spread, "another seed, another choice");
}

/* `format` with each number of things that are drawn. */
static void expect_every_number(const char *format, tape *t, const double *each) {
    for (size_t wanted = 1; wanted < DRAWN; wanted++) {
        char config[300];
        snprintf(config, sizeof config, format, wanted, wanted);
        loss *l = new_loss(config, WIDTH);
        expect_even_draws(l, t, each, wanted);
        loss_free(l);
    }
    tape_free(t);
}

Test(wrapping, matryoshka_draws_dims_evenly_by_seed_and_step) {
    static const char *const alone[DRAWN] = {
        "{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [7]}",
        "{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [5]}",
        "{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [3]}",
        "{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [2]}"};
    tape *t = new_tape();
    double each[DRAWN];
    for (size_t i = 0; i < DRAWN; i++)
        each[i] = value_alone(alone[i], t, 0);
    expect_every_number("{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [7, 5, 3, 2], "
                        "\"n_dims_per_step\": %zu}",
                        t, each);
}

Test(wrapping, adaptive_layer_draws_layers_evenly_by_seed_and_step) {
    tape *t = new_tape();
    double each[DRAWN];
    for (size_t i = 0; i < DRAWN; i++)
        each[i] = value_alone("{\"name\": \"cosine\"}", t, 1 + i);
    expect_every_number(
        "{\"name\": \"adaptive_layer\", \"loss\": \"cosine\", \"kl_temperature\": 0, "
        "\"last_layer_weight\": 0, \"prior_layers_weight\": %zu, \"n_layers_per_step\": %zu}",
        t, each);
}

/* ---- layers ---- */

static void expect_layer_of(const nn_model *m, const tape_layout *layout, bool record,
                            const real *want) {
    base_error error = {0};
    tape_node *each[NN_MAX_LAYERS];
    tape *t = new_tape();
    cr_assert_eq(nn_model_layers(m), 2);
    tape_begin(t, &(tape_mode){.record = record});
    const tape_node *last = nn_model_forward_layers(m, t, layout, each);
    cr_assert(last, "%s", tape_error(t)->text);
    real *value = base_alloc(m->width, sizeof *value, &error);
    memcpy(value, last->value, m->width * sizeof *value);
    cr_expect_arr_eq(each[1]->value, want, m->width * sizeof *want);
    cr_expect(memcmp(each[0]->value, want, m->width * sizeof *want) != 0);
    tape_begin(t, &(tape_mode){.record = record});
    last = nn_model_forward(m, t, layout);
    cr_expect_arr_eq(last->value, value, m->width * sizeof *value);
    free(value);
    tape_free(t);
}

Test(wrapping, a_layer_gives_what_a_model_of_the_layers_up_to_it_gives) {
    static const size_t kept[] = {0};
    nn_model_options options = nn_model_as_is;
    options.layers = kept;
    options.layer_count = 1;
    options.normalize = 1;
    const char *folder = tiny_folder("whole");
    nn_model *cut = tiny_load(folder, &options);
    options.layer_count = 0;
    options.layers = NULL;
    nn_model *whole = tiny_load(folder, &options);
    const uint32_t start[2] = {0, 4}, ids[4] = {2, 5, 6, 3};
    tape_layout layout = {.texts = 1, .tokens = 4, .start = start, .ids = ids};
    tape *t = new_tape();
    tape_begin(t, &(tape_mode){0});
    const tape_node *y = nn_model_forward(cut, t, &layout);
    expect_layer_of(whole, &layout, true, y->value);
    expect_layer_of(whole, &layout, false, y->value);
    tape_free(t);
    nn_model_free(cut);
    nn_model_free(whole);
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
    "train.data.0.loss={\"name\":\"adaptive_layer\",\"loss\":\"softmax\"}",
    "train.data.0.loss={\"name\":\"sum\",\"losses\":[\"softmax\",{\"name\":\"adaptive_layer\","
    "\"loss\":{\"name\":\"matryoshka\",\"loss\":\"global_orthogonal\",\"dims\":[12,6,3],\"n_dims_"
    "per_step\":1}}]}",
};

/* Else the best model would be chosen by the first widths alone. */
Test(wrapping, an_evaluation_takes_every_width) {
    base_error error = {0};
    tape *t = tape_new(1 << 24, 1 << 24, &error);
    cr_assert(t, "%s", error.text);
    loss *some = new_loss("{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [7, 3, 1], "
                          "\"n_dims_per_step\": 1}",
                          WIDTH);
    double all =
        value_alone("{\"name\": \"matryoshka\", \"loss\": \"cosine\", \"dims\": [7, 3, 1]}", t, 0);
    cr_expect_eq(value_in(some, t, 0, &(tape_mode){.all = true}), all);
    cr_expect_neq(value_at(some, t, 0, 0, 0), all);
    loss_free(some);
    tape_free(t);
}

Test(wrapping, what_is_drawn_is_the_same_after_resuming) {
    for (size_t i = 0; i < sizeof drawing / sizeof *drawing; i++)
        cr_expect_eq(state_after(drawing[i], 0), state_after(drawing[i], 4), "%s", drawing[i]);
}

Test(wrapping, layers_that_are_not_there_are_refused) {
    static const char *const sets[] = {"train.data.0.loss={\"name\":\"adaptive_layer\",\"loss\":"
                                       "\"softmax\",\"n_layers_per_step\":3}",
                                       NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_expect_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_expect_str_eq(
        error.text,
        "tiny.json: train.data[0].loss.n_layers_per_step is 3, expected at most 2, the layers "
        "before the last one with the token embeddings");
    cr_expect_eq(error.status, BASE_BAD_INPUT);
}
