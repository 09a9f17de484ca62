/* TSDAE's decoder and whole runs with it: what a token sees, packing, threads, going on. Numbers
 * are in tests/test_golden_tsdae.c, gradients before the judge. */
#include "base/file.h"
#include "base/threads.h"
#include "losses/loss.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(tsdae, .init = tiny_corpora);

/* ---- the decoder ---- */

enum { WIDTH = 12, VOCAB = 37, LENGTH = 4 };

typedef struct world {
    nn_model *model;
    nn_params *own;
    nn_decoder *decoder;
    tape *tape;
} world;

static void open_world(world *w) {
    base_error error = {0};
    w->model = tiny_model(1, NULL);
    w->own = nn_params_new(&error);
    w->decoder = nn_decoder_new(w->model->encoder, true, w->own, &error);
    cr_assert(w->decoder && nn_params_allocate(w->own, &error), "%s", error.text);
    nn_params_init(w->own, 2);
    w->tape = tape_new(1 << 24, 1 << 24, &error);
    cr_assert(w->tape, "%s", error.text);
}

static void close_world(world *w) {
    tape_free(w->tape);
    nn_decoder_free(w->decoder);
    nn_params_free(w->own);
    nn_model_free(w->model);
}

/* Logits of a pass, which stay until the next one. Text i has the vector i. */
static const real *decode(const world *w, const tape_layout *layout) {
    static real sentences[2 * WIDTH];
    for (size_t i = 0; i < 2 * WIDTH; i++)
        sentences[i] = REAL((double)(i * 7 % 11) * 0.2 - 1);
    tape_begin(w->tape, &(tape_mode){0});
    const tape_node *y = nn_decoder_forward(w->decoder, w->tape, layout,
                                            tape_input(w->tape, layout->texts, WIDTH, sentences));
    cr_assert(y && y->cols == VOCAB, "%s", tape_error(w->tape)->text);
    return y->value;
}

Test(tsdae, no_token_sees_a_later_one) {
    static const uint32_t start[] = {0, LENGTH};
    uint32_t ids[LENGTH] = {2, 5, 6, 7};
    const tape_layout layout = {.texts = 1, .tokens = LENGTH, .start = start, .ids = ids};
    real before[LENGTH * VOCAB];
    world w;
    open_world(&w);
    memcpy(before, decode(&w, &layout), sizeof before);
    ids[2] = 9;
    const real *after = decode(&w, &layout);
    cr_expect_arr_eq(after, before, 2 * VOCAB * sizeof *before);
    cr_expect(memcmp(after + 2 * VOCAB, before + 2 * VOCAB, VOCAB * sizeof *before) != 0);
    cr_expect(memcmp(after + 3 * VOCAB, before + 3 * VOCAB, VOCAB * sizeof *before) != 0);
    close_world(&w);
}

Test(tsdae, a_text_packed_with_another_is_as_alone) {
    static const uint32_t alone[] = {0, LENGTH}, both[] = {0, LENGTH, LENGTH + 3};
    static const uint32_t ids[LENGTH + 3] = {2, 5, 6, 7, 2, 9, 10};
    const tape_layout one = {.texts = 1, .tokens = LENGTH, .start = alone, .ids = ids};
    const tape_layout two = {.texts = 2, .tokens = LENGTH + 3, .start = both, .ids = ids};
    real before[LENGTH * VOCAB];
    world w;
    open_world(&w);
    memcpy(before, decode(&w, &one), sizeof before);
    const real *packed = decode(&w, &two);
    for (size_t i = 0; i < LENGTH * VOCAB; i++)
        cr_expect_float_eq((double)packed[i], (double)before[i], 1e-5);
    close_world(&w);
}

/* ---- runs ---- */

#define SETS(tied)                                                                                 \
    "train.data.0.columns=[\"sentence1\"]", "train.data.0.noise=0.5",                              \
        "train.data.0.loss={\"name\": \"tsdae\", \"tied\": " tied "}", "max_steps=6"

static const char *const tied[] = {SETS("true"), NULL};
static const char *const untied[] = {SETS("false"), NULL};
static const char *const files[] = {"model/model.safetensors", "model/loss/model.safetensors"};

static void expect_same_files(const uint32_t crc[2], const char *what) {
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(tiny_run_crc("run", files[i]), crc[i], "%s: %s", what, files[i]);
}

static void expect_same_bits(const char *const *sets, const char *what) {
    tiny_run_result whole = tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    cr_expect_lt(whole.last_loss, whole.first_loss, "%s learns", what);
    uint32_t crc[2] = {tiny_run_crc("run", files[0]), tiny_run_crc("run", files[1])};
    tiny_run_well(sets, TRAIN_OVERWRITE, 3);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    expect_same_files(crc, "resumed");
    base_error error = {0};
    cr_assert(base_threads_start(3, &error), "%s", error.text);
    tiny_run_well(sets, TRAIN_OVERWRITE, 0);
    base_threads_stop();
    expect_same_files(crc, "three threads");
}

Test(tsdae, a_resumed_run_and_any_threads_give_the_same_bits) {
    expect_same_bits(tied, "tied");
    expect_same_bits(untied, "untied");
}

static bool same_ids(const train_source *a, const train_source *b, size_t row, size_t column) {
    size_t n, m;
    const uint32_t *x = data_token_store_ids(a->store, row, column, &n),
                   *y = data_token_store_ids(b->store, row, column, &m);
    return n == m && !memcmp(x, y, n * sizeof *x);
}

/* Of the same file twice: a row's words are deleted anew. */
Test(tsdae, entries_have_each_their_own_noise) {
    static const char entry[] =
        "{\"data\": \"%s\", \"columns\": [\"sentence1\"], \"noise\": 0.5, \"loss\": \"tsdae\"}";
    base_error error = {0};
    char one[200], two[420];
    snprintf(one, sizeof one, entry, fixture_path("nli.tsv"));
    snprintf(two, sizeof two, "train.data=[%s,%s]", one, one);
    const char *const sets[] = {two, NULL};
    train_config *c = tiny_run_config(sets);
    nn_model *model = tiny_model(1, NULL);
    dist_ranks alone = DIST_ALONE;
    train_sources *s = train_sources_new(c, model, &alone, NULL, &error);
    cr_assert(s && s->count == 2, "%s", error.text);
    size_t rows = data_token_store_rows(s->source[0].store), noisy = 0;
    for (size_t i = 0; i < rows; i++) {
        noisy += same_ids(&s->source[0], &s->source[1], i, 0);
        cr_expect(same_ids(&s->source[0], &s->source[1], i, 1), "row %zu", i);
    }
    cr_expect_lt(noisy, rows, "every row has the same noise");
    train_sources_free(s);
    nn_model_free(model);
    train_config_free(c);
}

static void expect_refused(const char *const *sets, const char *part) {
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error), "accepted, expected: %s", part);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part), "\"%s\" lacks \"%s\"", error.text, part);
}

Test(tsdae, what_does_not_fit_is_refused) {
    static const char *const one[] = {"train.data.0.loss=tsdae",
                                      "train.data.0.columns=[\"sentence1\"]", NULL};
    expect_refused(one, "found 1 text columns for the loss tsdae, expected 2");
    static const char *const two[] = {"train.data.0.loss=tsdae", "train.data.0.noise=0.6", NULL};
    expect_refused(two, "train.data[0].noise is 0.6, found 2 columns");
    static const char *const more[] = {
        "train.data.0.loss={\"name\": \"matryoshka\", \"loss\": \"tsdae\", \"dims\": [12, 4]}",
        NULL};
    expect_refused(more, "has parameters for 12 columns, expected a loss without");
}

Test(tsdae, a_family_without_a_decoder_is_refused) {
    base_error error = {0};
    cJSON *config = cJSON_Parse("{\"model_type\": \"distilbert\", \"dim\": 12, \"n_layers\": 1, "
                                "\"n_heads\": 3, \"hidden_dim\": 20, \"vocab_size\": 37}");
    nn_encoder *encoder = nn_encoder_new(config, "test", &error);
    nn_params *own = nn_params_new(&error);
    cr_assert(encoder && own, "%s", error.text);
    cr_expect_null(nn_decoder_new(encoder, true, own, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "kind distilbert has no decoder"), "%s", error.text);
    nn_params_free(own);
    nn_encoder_free(encoder);
    cJSON_Delete(config);
}
