#include "base/log.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"
#include "tests/world.h"
#include "train/epoch_plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A corpus of `rows` pairs of different texts. */
typedef struct made {
    data_token_store *store;
} made;

static made make(size_t rows, const nn_model *model) {
    base_error error = {0};
    data_corpus *corpus = data_corpus_new("made", 2, DATA_TARGET_NONE, &error);
    for (size_t i = 0; i < rows; i++) {
        char a[32], b[32];
        snprintf(a, sizeof a, "a %zu", i);
        snprintf(b, sizeof b, "b %zu", i);
        data_row row = {.text = {{a, strlen(a)}, {b, strlen(b)}}, .columns = 2, .line = i + 1};
        cr_assert(data_corpus_add(corpus, &row, &error));
    }
    made m = {data_token_store_new(
        corpus, &(data_tokenising){.tokenizer = model->tokenizer, .max_length = 8}, &error)};
    cr_assert_not_null(m.store, "%s", error.text);
    return m;
}

static void free_made(made *m, size_t count) {
    for (size_t i = 0; i < count; i++)
        data_token_store_free(m[i].store);
}

static train_epoch_plan *plan_of(const made *m, size_t count, const double *share,
                                 const train_plan_options *options) {
    base_error error = {0};
    train_plan_corpus corpora[3];
    for (size_t i = 0; i < count; i++)
        corpora[i] = (train_plan_corpus){m[i].store, "shuffled", 1, NULL, share ? share[i] : -1};
    train_epoch_plan *c = train_plan_new(corpora, count, options, &error);
    cr_assert_not_null(c, "%s", error.text);
    return c;
}

static train_epoch_plan *new_plan(const made *m, size_t count, double epochs, size_t max_steps) {
    return plan_of(m, count, NULL,
                   &(train_plan_options){.batch_size = 4,
                                         .seed = 9,
                                         .turns = TRAIN_PROPORTIONAL,
                                         .epochs = epochs,
                                         .max_steps = max_steps});
}

/* The corpora of the steps, as letters. */
static void expect_turns(const made *m, size_t count, const double *share, train_turns turns,
                         const char *order, size_t dropped) {
    char found[100] = "";
    train_plan_batch b;
    base_error error = {0};
    train_plan_options options = {.batch_size = 4, .seed = 3, .turns = turns, .epochs = 1};
    train_epoch_plan *c = plan_of(m, count, share, &options);
    size_t steps = train_plan_steps(c);
    for (size_t s = 0; s < steps && s < sizeof found - 1; s++) {
        cr_assert(train_plan_next(c, &b, &error));
        found[s] = (char)('A' + b.corpus);
        cr_expect_eq(b.ends_epoch, s + 1 == steps);
    }
    cr_expect_str_eq(found, order);
    cr_expect_eq(train_plan_dropped(c), dropped);
    train_plan_free(c);
}

Test(epoch_plan, each_row_once_an_epoch_in_another_order) {
    nn_model *model = tiny_model(1, NULL);
    made m[1] = {make(10, model)};
    train_epoch_plan *c = new_plan(m, 1, 2, 0);
    base_error error = {0};
    cr_assert_eq(train_plan_steps(c), 6);
    uint32_t order[2][10];
    for (size_t s = 0; s < 6; s++) {
        train_plan_batch b;
        cr_assert(train_plan_next(c, &b, &error));
        cr_assert_eq(b.epoch, s / 3);
        cr_assert_eq(b.count, s % 3 == 2 ? 2 : 4);
        cr_assert_eq(b.ends_epoch, s % 3 == 2);
        cr_assert_float_eq(b.progress, (double)(s + 1) / 3, 1e-12);
        memcpy(order[s / 3] + s % 3 * 4, b.rows, b.count * sizeof *b.rows);
    }
    cr_assert(memcmp(order[0], order[1], sizeof order[0]) != 0);
    for (size_t e = 0; e < 2; e++) {
        unsigned seen = 0;
        for (size_t i = 0; i < 10; i++)
            seen |= 1u << order[e][i];
        cr_assert_eq(seen, 1023);
    }
    train_plan_free(c);
    free_made(m, 1);
    nn_model_free(model);
}

Test(epoch_plan, corpora_are_spread_evenly_and_any_step_can_be_sought) {
    enum { STEPS = 2 * (10 + 5 + 1) };
    nn_model *model = tiny_model(1, NULL);
    made m[3] = {make(40, model), make(18, model), make(3, model)};
    train_epoch_plan *c = new_plan(m, 3, 2, 0);
    base_error error = {0};
    train_plan_batch all[STEPS];
    uint32_t first[STEPS];
    size_t done[3] = {0};
    cr_assert_eq(train_plan_steps(c), STEPS);
    for (size_t s = 0; s < STEPS; s++) {
        cr_assert(train_plan_next(c, &all[s], &error));
        first[s] = all[s].rows[0];
        done[all[s].corpus]++;
        if (s % 16 == 7) /* half of the first epoch, or of the second */
            cr_assert(done[0] % 10 == 5 && done[1] % 5 >= 2, "%zu %zu", done[0], done[1]);
    }
    cr_assert(done[0] == 20 && done[1] == 10 && done[2] == 2);
    for (size_t s = STEPS; s-- > 0;) {
        train_plan_batch b;
        cr_assert(train_plan_seek(c, s, &error) && train_plan_next(c, &b, &error));
        cr_assert(b.corpus == all[s].corpus && b.count == all[s].count && b.rows[0] == first[s]);
        cr_assert(b.epoch == all[s].epoch && b.ends_epoch == all[s].ends_epoch);
    }
    train_plan_free(c);
    free_made(m, 3);
    nn_model_free(model);
}

Test(epoch_plan, max_steps_bounds_and_nothing_to_do_is_an_error) {
    nn_model *model = tiny_model(1, NULL);
    made m[1] = {make(3, model)};
    train_epoch_plan *c = new_plan(m, 1, 1000000, 5);
    cr_assert_eq(train_plan_steps(c), 5);
    train_plan_free(c);
    base_error error = {0};
    train_plan_corpus corpus = {m[0].store, "shuffled", 4, NULL, -1};
    cr_assert_null(
        train_plan_new(&corpus, 1, &(train_plan_options){.batch_size = 4, .epochs = 1}, &error));
    cr_assert_eq(error.status, BASE_BAD_INPUT);
    cr_assert_str_eq(error.text, "made: found too few rows for one batch, expected at least 4");
    free_made(m, 1);
    nn_model_free(model);
}

Test(epoch_plan, rows_that_all_share_a_text_make_no_batch) {
    base_error error = {0};
    world w = world_make(40, 2, 1, 8);
    train_plan_corpus corpus = {w.store, "no_duplicates", 2, NULL, -1};
    cr_assert_null(
        train_plan_new(&corpus, 1, &(train_plan_options){.batch_size = 8, .epochs = 1}, &error));
    cr_assert_eq(error.status, BASE_BAD_INPUT);
    cr_assert(strstr(error.text, "too few rows without a common text for one batch, expected at "
                                 "least 2"),
              "%s", error.text);
    world_free(&w);
}

Test(epoch_plan, a_part_of_an_epoch_is_that_part_of_its_steps) {
    static const struct part {
        double epochs;
        size_t steps;
    } parts[] = {{0.5, 5}, {0.1, 1}, {1.1, 11}, {0.01, 1}, {0.51, 6}, {2, 20}};
    nn_model *model = tiny_model(1, NULL);
    made m[1] = {make(40, model)};
    base_error error = {0};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        train_plan_batch b;
        train_epoch_plan *c = new_plan(m, 1, parts[i].epochs, 0);
        cr_expect_eq(train_plan_steps(c), parts[i].steps, "%g", parts[i].epochs);
        cr_expect_float_eq(train_plan_epochs(c), (double)parts[i].steps / 10, 1e-12);
        for (size_t s = 0; s < parts[i].steps; s++)
            cr_assert(train_plan_next(c, &b, &error));
        cr_expect_float_eq(b.progress, train_plan_epochs(c), 1e-12);
        train_plan_free(c);
    }
    free_made(m, 1);
    nn_model_free(model);
}

/* Corpora of 5, 3 and 2 batches; sentence-transformers' round robin has as many turns. */
Test(epoch_plan, corpora_take_turns_as_the_config_says) {
    nn_model *model = tiny_model(1, NULL);
    made m[3] = {make(20, model), make(12, model), make(7, model)};
    expect_turns(m, 2, NULL, TRAIN_PROPORTIONAL, "ABAABABA", 0);
    expect_turns(m, 3, NULL, TRAIN_ROUND_ROBIN, "ABCABC", (20 - 8) + (12 - 8));
    expect_turns(m, 2, NULL, TRAIN_ROUND_ROBIN, "ABABAB", 20 - 12);
    expect_turns(m, 2, (const double[]){2, 1}, TRAIN_BY_SHARE, "ABAAABA", 12 - 8);
    expect_turns(m, 2, (const double[]){0.1, 0.3}, TRAIN_BY_SHARE, "BABB", 20 - 4);
    expect_turns(m, 2, (const double[]){1000, 1}, TRAIN_BY_SHARE, "AAABAA", 12 - 4);
    free_made(m, 3);
    nn_model_free(model);
}

Test(epoch_plan, every_corpus_with_a_turn_needs_a_batch) {
    nn_model *model = tiny_model(1, NULL);
    made m[2] = {make(20, model), make(3, model)};
    train_plan_corpus corpora[] = {{m[0].store, "shuffled", 1, NULL, -1},
                                   {m[1].store, "shuffled", 4, NULL, -1}};
    train_plan_options options = {.batch_size = 4, .epochs = 1, .turns = TRAIN_ROUND_ROBIN};
    base_error error = {0};
    cr_assert_null(train_plan_new(corpora, 2, &options, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_str_eq(error.text, "made: found too few rows for one batch, expected at least 4");
    free_made(m, 2);
    nn_model_free(model);
}

Test(epoch_plan, the_last_batch_is_dropped_when_it_is_not_full) {
    nn_model *model = tiny_model(1, NULL);
    made m[1] = {make(11, model)};
    train_plan_options options = {.batch_size = 4, .drop_last = true, .epochs = 3};
    train_epoch_plan *c = plan_of(m, 1, NULL, &options);
    cr_expect_eq(train_plan_steps(c), 6);
    cr_expect_eq(train_plan_dropped(c), 9);
    train_plan_free(c);
    options.batch_size = 12;
    train_plan_corpus corpus = {m[0].store, "shuffled", 1, NULL, -1};
    base_error error = {0};
    cr_assert_null(train_plan_new(&corpus, 1, &options, &error));
    cr_expect_str_eq(error.text, "made: found too few rows for one batch, expected at least 12");
    free_made(m, 1);
    nn_model_free(model);
}

/* ---- windows ---- */

enum { WALKED = 1003, EPOCHS = 3 };

/* Goes over EPOCHS epochs of a corpus in windows; fills the rows of each in their order, and checks
 * that a batch has no text twice when `apart`. Returns the steps. */
static size_t walk(const data_token_store *store, const train_plan_corpus *corpus, size_t window,
                   size_t block, uint32_t order[EPOCHS][WALKED]) {
    train_plan_options options = {
        .batch_size = 16, .seed = 5, .epochs = EPOCHS, .window_rows = window, .block = block};
    base_error error = {0};
    train_epoch_plan *c = train_plan_new(corpus, 1, &options, &error);
    cr_assert_not_null(c, "%s", error.text);
    cr_expect_eq(train_plan_steps(c), EPOCHS * ((WALKED + 15) / 16));
    size_t given[EPOCHS + 1] = {0}, steps = 0;
    train_plan_batch b = {0};
    bool apart = !strcmp(corpus->sampler, "no_duplicates");
    while (!(b.ends_epoch && b.epoch + 1 == EPOCHS)) {
        cr_assert(train_plan_next(c, &b, &error), "%s", error.text);
        cr_assert(b.epoch < EPOCHS && b.count <= 16 && given[b.epoch] + b.count <= WALKED);
        for (size_t i = 0; apart && i < b.count; i++)
            for (size_t j = 0; j < i; j++)
                for (size_t k = 0; k < 4; k++)
                    cr_assert_neq(data_token_store_text(store, b.rows[i], k / 2),
                                  data_token_store_text(store, b.rows[j], k % 2));
        memcpy(order[b.epoch] + given[b.epoch], b.rows, b.count * sizeof *b.rows);
        given[b.epoch] += b.count;
        cr_expect_eq(b.ends_epoch, given[b.epoch] == WALKED);
        cr_expect(b.progress > (double)b.epoch && b.progress <= (double)(b.epoch + 1));
        steps++;
    }
    train_plan_free(c);
    return steps;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

Test(epoch_plan, each_row_comes_once_an_epoch_in_windows_too) {
    static const char *const samplers[] = {"shuffled", "no_duplicates", "sequential"};
    static const size_t windows[] = {64, 100, 512, 1003}, blocks[] = {0, 1, 7, 64, 600, 2000};
    world w = world_make(WALKED, 2, 900, 8);
    for (size_t s = 0; s < 3; s++)
        for (size_t i = 0; i < 4; i++)
            for (size_t k = 0; k < 6; k++) {
                static uint32_t order[EPOCHS][WALKED];
                train_plan_corpus corpus = {w.store, samplers[s], 1, NULL, -1};
                size_t steps = walk(w.store, &corpus, windows[i], blocks[k], order);
                if (s != 1)
                    cr_expect_eq(steps, EPOCHS * ((WALKED + 15) / 16));
                bool differ = memcmp(order[0], order[1], sizeof order[0]) &&
                              memcmp(order[1], order[2], sizeof order[0]);
                cr_expect_eq(differ, s != 2, "%s, windows of %zu", samplers[s], windows[i]);
                for (size_t e = 0; e < EPOCHS; e++) {
                    if (s == 2)
                        for (size_t r = 0; r < WALKED; r++)
                            cr_assert_eq(order[e][r], r);
                    qsort(order[e], WALKED, sizeof **order, ascending);
                    for (size_t r = 0; r < WALKED; r++)
                        cr_assert_eq(order[e][r], r);
                }
            }
    world_free(&w);
}

/* A window of an epoch holds rows of everywhere, or whole blocks. */
Test(epoch_plan, a_window_holds_rows_of_the_whole_corpus_or_blocks_of_it) {
    static uint32_t order[EPOCHS][WALKED];
    world w = world_make(WALKED, 2, 900, 8);
    train_plan_corpus corpus = {w.store, "shuffled", 1, NULL, -1};
    for (size_t block = 1; block <= 32; block += 31) {
        size_t followed = 0;
        walk(w.store, &corpus, 128, block, order);
        qsort(order[0], 112, sizeof **order, ascending); /* 7 of 63 batches */
        for (size_t i = 1; i < 112; i++)
            followed += order[0][i] == order[0][i - 1] + 1;
        cr_expect(block == 1 ? followed < 40 : followed >= 112 - 6, "%zu", followed);
        cr_expect(block > 1 || order[0][111] - order[0][0] > 900);
    }
    world_free(&w);
}

Test(epoch_plan, a_step_in_windows_can_be_sought) {
    base_error error = {0};
    world w = world_make(WALKED, 2, 300, 8);
    train_plan_corpus corpora[] = {{w.store, "no_duplicates", 1, NULL, 1},
                                   {w.labelled, "group_by_label", 4, NULL, 2}};
    for (train_turns turns = TRAIN_PROPORTIONAL; turns <= TRAIN_BY_SHARE; turns++) {
        enum { STEPS = 200 };
        train_plan_options options = {
            .batch_size = 16, .epochs = 50, .window_rows = 128, .turns = turns};
        train_epoch_plan *c = train_plan_new(corpora, 2, &options, &error);
        cr_assert_not_null(c, "%s", error.text);
        train_plan_batch all[STEPS];
        uint32_t first[STEPS];
        size_t of[2] = {0};
        for (size_t s = 0; s < STEPS; s++) {
            cr_assert(train_plan_next(c, &all[s], &error));
            first[s] = all[s].rows[0];
            of[all[s].corpus]++;
        }
        cr_expect(of[0] > 50 && of[1] > 50);
        cr_expect_gt(all[STEPS - 1].epoch, 0);
        for (size_t s = STEPS; s-- > 0; s -= s > 30 ? 30 : 0) {
            train_plan_batch b;
            cr_assert(train_plan_seek(c, s, &error) && train_plan_next(c, &b, &error));
            cr_assert(b.corpus == all[s].corpus && b.count == all[s].count &&
                      b.rows[0] == first[s] && b.epoch == all[s].epoch &&
                      b.progress == all[s].progress && b.ends_epoch == all[s].ends_epoch);
        }
        train_plan_free(c);
    }
    world_free(&w);
}

/* A corpus of one window is planned as ever, whatever the window. */
Test(epoch_plan, a_corpus_of_one_window_keeps_its_plan) {
    static uint32_t whole[EPOCHS][WALKED], windowed[EPOCHS][WALKED];
    world w = world_make(WALKED, 2, 900, 8);
    train_plan_corpus corpus = {w.store, "no_duplicates", 1, NULL, -1};
    walk(w.store, &corpus, 0, 0, whole);
    walk(w.store, &corpus, WALKED, 7, windowed);
    cr_expect_arr_eq(whole, windowed, sizeof whole);
    world_free(&w);
}

static void hear(void *context, base_log_level level, const char *sentence) {
    (void)level;
    snprintf(context, 200, "%s", sentence);
}

Test(epoch_plan, the_end_of_an_epoch_says_when_it_had_other_batches_than_reckoned) {
    static uint32_t order[EPOCHS][WALKED];
    char said[200] = "";
    world w = world_make(WALKED, 2, 40, 8);
    train_plan_corpus corpus = {.store = w.store, .sampler = "no_duplicates", .min_batch = 1};
    base_log_to(hear, said);
    size_t steps = walk(w.store, &corpus, 100, 0, order);
    base_log_to(NULL, NULL);
    cr_expect_gt(steps, EPOCHS * ((WALKED + 15) / 16));
    cr_expect(strstr(said, " batches where its rows fill 63 (0 rows came into none): the run still "
                           "has 189 steps"),
              "%s", said);
    world_free(&w);
}

Test(epoch_plan, windows_whose_rows_all_share_a_text_make_no_batch) {
    base_error error = {0};
    world w = world_make(400, 2, 1, 8);
    train_plan_corpus corpus = {w.store, "no_duplicates", 2, NULL, -1};
    train_plan_options options = {.batch_size = 8, .epochs = 1, .window_rows = 64};
    cr_assert_null(train_plan_new(&corpus, 1, &options, &error));
    cr_expect(strstr(error.text, "too few rows without a common text"), "%s", error.text);
    world_free(&w);
}
