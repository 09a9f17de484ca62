/* Samplers on small corpora with many repeated texts. */
#include "data/sampler.h"
#include "tests/world.h"
#include "train/batch.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Each row once, or dropped; batches of the right size; texts apart where the sampler says so. */
static void expect_plan(const world *w, const data_sampler_options *options, const data_plan *plan,
                        bool apart) {
    size_t rows = data_corpus_rows(w->corpus), columns = data_corpus_columns(w->corpus);
    unsigned char *seen = calloc(rows, 1);
    cr_assert_eq(plan->rows_count + plan->dropped, rows);
    cr_assert_eq(plan->start[plan->batches], plan->rows_count);
    for (size_t i = 0; i < plan->rows_count; i++)
        cr_assert_eq(seen[plan->rows[i]]++, 0);
    for (size_t b = 0; b < plan->batches; b++) {
        size_t begin = plan->start[b], end = plan->start[b + 1];
        cr_assert(end > begin && end - begin <= options->batch_size &&
                  end - begin >= options->min_batch);
        for (size_t i = begin; apart && i < end; i++)
            for (size_t j = begin; j < i; j++)
                for (size_t k = 0; k < columns * columns; k++)
                    cr_assert_neq(data_token_store_text(w->store, plan->rows[i], k / columns),
                                  data_token_store_text(w->store, plan->rows[j], k % columns));
    }
    free(seen);
}

static const data_token_store *store_for(const world *w, const char *sampler) {
    return !strcmp(sampler, "group_by_label") ? w->labelled : w->store;
}

Test(sampler, each_row_once_or_dropped_for_every_sampler) {
    base_error error = {0};
    for (size_t texts = 3; texts < 4000; texts = texts * 3 + 1) {
        world w = world_make(1003, 2, texts, 8);
        for (const char *const *name = data_sampler_names(); *name; name++) {
            cr_expect_not_null(data_sampler_summary(*name));
            for (size_t least = 1; least <= 2; least++) {
                data_plan plan = {0};
                data_sampler_options options = {
                    .name = *name, .batch_size = 18, .min_batch = least, .seed = 5};
                cr_assert(data_sampler_plan(&options, store_for(&w, *name), 0, 0, &plan, &error));
                expect_plan(&w, &options, &plan, !strcmp(*name, "no_duplicates"));
                data_plan_free(&plan);
            }
        }
        world_free(&w);
    }
}

Test(sampler, order_depends_on_seed_and_epoch_alone) {
    base_error error = {0};
    world w = world_make(500, 2, 100, 8);
    for (const char *const *name = data_sampler_names(); *name; name++) {
        data_plan plan[4] = {0};
        const uint64_t seed[] = {1, 1, 1, 2};
        const size_t epoch[] = {3, 3, 4, 3};
        for (int i = 0; i < 4; i++) {
            data_sampler_options options = {
                .name = *name, .batch_size = 16, .min_batch = 1, .seed = seed[i]};
            if (i == 1) /* other epochs before do not matter */
                cr_assert(
                    data_sampler_plan(&options, store_for(&w, *name), 0, 0, &plan[i], &error));
            cr_assert(
                data_sampler_plan(&options, store_for(&w, *name), epoch[i], 0, &plan[i], &error));
        }
        size_t bytes = plan[0].rows_count * sizeof(uint32_t);
        bool fixed = !strcmp(*name, "sequential");
        cr_expect_arr_eq(plan[0].rows, plan[1].rows, bytes);
        cr_expect_eq(!memcmp(plan[0].rows, plan[2].rows, bytes), fixed);
        cr_expect_eq(!memcmp(plan[0].rows, plan[3].rows, bytes), fixed);
        for (int i = 0; i < 4; i++)
            data_plan_free(&plan[i]);
    }
    world_free(&w);
}

Test(sampler, last_small_batches_are_kept_or_dropped_and_counted) {
    base_error error = {0};
    world w = world_make(33, 1, 1000000, 8);
    data_plan plan = {0};
    data_sampler_options options = {
        .name = "shuffled", .batch_size = 16, .min_batch = 1, .seed = 1};
    cr_assert(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect(plan.batches == 3 && plan.dropped == 0 && plan.conflicting == 0);
    options.min_batch = 2;
    cr_assert(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect(plan.batches == 2 && plan.dropped == 1);
    data_plan_free(&plan);
    world_free(&w);
}

Test(sampler, one_text_everywhere_leaves_batches_of_one) {
    base_error error = {0};
    world w = world_make(40, 2, 1, 8);
    data_plan plan = {0};
    data_sampler_options options = {
        .name = "no_duplicates", .batch_size = 8, .min_batch = 1, .seed = 1};
    cr_assert(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect(plan.batches == 40 && plan.conflicting == 40);
    options.min_batch = 2;
    cr_assert(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect(plan.batches == 0 && plan.dropped == 40);
    data_plan_free(&plan);
    world_free(&w);
}

Test(sampler, few_rows_are_left_over_when_texts_repeat_a_little) {
    base_error error = {0};
    world w = world_make(6000, 2, 6000, 8);
    data_plan plan = {0};
    data_sampler_options options = {
        .name = "no_duplicates", .batch_size = 64, .min_batch = 2, .seed = 1};
    cr_assert(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect_leq(plan.batches, 6000 / 64 + 3);
    cr_expect_leq(plan.dropped, 1);
    cr_expect_lt(plan.conflicting, 128);
    data_plan_free(&plan);
    world_free(&w);
}

Test(sampler, wrong_options_are_refused) {
    base_error error = {0};
    world w = world_make(3, 1, 3, 8);
    data_plan plan = {0};
    data_sampler_options options = {.name = "random", .batch_size = 16, .min_batch = 1, .seed = 1};
    cr_expect_not(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect_str_eq(error.text, "sampler: found \"random\", expected one of shuffled, sequential, "
                                 "no_duplicates, group_by_label");
    error = (base_error){0};
    options =
        (data_sampler_options){.name = "shuffled", .batch_size = 1, .min_batch = 2, .seed = 1};
    cr_expect_not(data_sampler_plan(&options, w.store, 0, 0, &plan, &error));
    cr_expect_str_eq(error.text, "sampler: found a batch size of 1, expected at least 2");
    data_plan_free(&plan);
    world_free(&w);
}

static data_token_store *labelled_rows(const size_t *count, size_t labels) {
    base_error error = {0};
    world w = world_make(1, 1, 4, 8);
    data_corpus *corpus = data_corpus_new("labelled", 1, DATA_TARGET_CLASS, &error);
    for (uint32_t l = 0; l < labels; l++)
        for (size_t i = 0; i < count[l]; i++)
            cr_assert(data_corpus_add(
                corpus, &(data_row){.text = {{"a", 1}}, .columns = 1, .label = l}, &error));
    data_tokenising how = {.tokenizer = w.tokenizer, .max_length = 8};
    data_token_store *store = data_token_store_new(corpus, &how, &error);
    cr_assert_not_null(store, "%s", error.text);
    world_free(&w);
    return store;
}

/* Two rows or more of each label of a batch, and two labels or more. */
static void expect_grouped(const data_token_store *store, const uint32_t *rows, size_t count) {
    size_t of[16] = {0}, labels = 0;
    for (size_t i = 0; i < count; i++)
        of[data_token_store_label(store, rows[i])]++;
    for (size_t l = 0; l < 16; l++) {
        cr_expect_neq(of[l], 1);
        labels += of[l] > 0;
    }
    cr_expect_geq(labels, 2);
}

/* Sizes of batches as sentence-transformers 6.2 has them; they depend on the seed in no case. */
Test(sampler, groups_by_label_as_the_peer) {
    static const struct grouping {
        size_t count[8], labels, batch_size, batch[8];
    } groupings[] = {
        {{1, 2, 7, 20}, 4, 4, {4, 4, 4}},
        {{5, 5, 5}, 3, 8, {8, 4}},
        {{2, 2}, 2, 4, {4}},
        {{3, 9, 9, 30, 1}, 5, 6, {6, 6, 6, 6}},
        {{100, 3}, 2, 16, {4}},
        {{4, 4, 4, 4, 4, 4, 4}, 7, 10, {10, 10, 8}},
    };
    for (size_t g = 0; g < sizeof groupings / sizeof *groupings; g++) {
        const struct grouping *c = &groupings[g];
        data_token_store *store = labelled_rows(c->count, c->labels);
        data_plan plan = {0};
        base_error error = {0};
        for (size_t epoch = 0; epoch < 20; epoch++) {
            data_sampler_options options = {
                .name = "group_by_label", .batch_size = c->batch_size, .min_batch = 2, .seed = 7};
            cr_assert(data_sampler_plan(&options, store, epoch, 0, &plan, &error), "%s",
                      error.text);
            size_t batches = 0;
            for (; c->batch[batches]; batches++) {
                cr_assert_lt(batches, plan.batches);
                size_t begin = plan.start[batches], size = plan.start[batches + 1] - begin;
                cr_expect_eq(size, c->batch[batches]);
                expect_grouped(store, plan.rows + begin, size);
            }
            cr_expect_eq(plan.batches, batches);
            cr_expect_eq(plan.dropped + plan.rows_count, data_token_store_rows(store));
        }
        data_plan_free(&plan);
        data_token_store_free(store);
    }
}

static void expect_no_groups(const data_token_store *store, size_t batch_size,
                             const char *message) {
    data_sampler_options options = {
        .name = "group_by_label", .batch_size = batch_size, .min_batch = 1, .seed = 1};
    data_plan plan = {0};
    base_error error = {0};
    cr_expect_not(data_sampler_plan(&options, store, 0, 0, &plan, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect_str_eq(error.text, message);
    data_plan_free(&plan);
}

Test(sampler, labels_that_make_no_groups_are_refused) {
    world w = world_make(9, 1, 3, 8);
    data_token_store *store = labelled_rows((const size_t[]){1, 9, 1}, 3);
    expect_no_groups(w.store, 8,
                     "world: found rows without labels, expected labels for the sampler "
                     "group_by_label");
    expect_no_groups(store, 8,
                     "labelled: found 1 label with two rows or more, expected two or more for the "
                     "sampler group_by_label");
    expect_no_groups(store, 5,
                     "sampler: the batch size is 5, expected at least 4 and a multiple of 2 for "
                     "the sampler group_by_label");
    expect_no_groups(store, 2,
                     "sampler: the batch size is 2, expected at least 4 and a multiple of 2 for "
                     "the sampler group_by_label");
    data_token_store_free(store);
    world_free(&w);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
Test(sampler, later_plans_and_batches_do_not_allocate) {
    base_error error = {0};
    world w = world_make(2000, 2, 900, 8);
    for (const char *const *name = data_sampler_names(); *name; name++) {
        data_plan plan = {0};
        train_batch batch = {0};
        data_sampler_options options = {.name = *name, .batch_size = 32, .min_batch = 2, .seed = 1};
        cr_assert(data_sampler_plan(&options, store_for(&w, *name), 0, 0, &plan, &error));
        cr_assert(train_batch_reserve(&batch, 64, 64 * 8, &error));
        const void *before[] = {plan.rows, plan.start,  plan.scratch,
                                batch.ids, batch.start, batch.types};
        size_t used = mallinfo2().uordblks;
        for (size_t epoch = 1; epoch < 5; epoch++) {
            cr_assert(data_sampler_plan(&options, store_for(&w, *name), epoch, 0, &plan, &error));
            for (size_t b = 0; b < plan.batches; b++)
                cr_assert(train_batch_fill(&batch, store_for(&w, *name), plan.rows + plan.start[b],
                                           plan.start[b + 1] - plan.start[b], 0, &error));
        }
        cr_expect_eq(mallinfo2().uordblks, used);
        const void *after[] = {plan.rows, plan.start,  plan.scratch,
                               batch.ids, batch.start, batch.types};
        cr_expect_arr_eq(before, after, sizeof before);
        data_plan_free(&plan);
        train_batch_free(&batch);
    }
    world_free(&w);
}
#endif
