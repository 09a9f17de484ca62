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
                   &(train_plan_options){4, 9, TRAIN_PROPORTIONAL, false, epochs, max_steps});
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
