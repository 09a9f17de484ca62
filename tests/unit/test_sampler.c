/* Token store, batches and samplers on small corpora with many repeated texts. */
#include "base/random.h"
#include "base/threads.h"
#include "data/batch.h"
#include "data/sampler.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct world {
    data_corpus *corpus;
    data_tokenizer *tokenizer;
    data_token_store *store;
} world;

/* Rows of `columns` texts drawn from `texts` distinct ones; text n has n % 4 + 1 words. */
static world make_world(size_t rows, size_t columns, size_t texts, size_t max_length) {
    base_error error = {0};
    world w = {data_corpus_new("world", columns, DATA_TARGET_SCORE, &error), NULL, NULL};
    base_random random = base_random_stream(11, "world");
    for (size_t i = 0; i < rows; i++) {
        char text[DATA_MAX_COLUMNS][64];
        data_row row = {.columns = columns, .score = (double)i, .line = i + 1};
        for (size_t c = 0; c < columns; c++) {
            unsigned n = (unsigned)base_random_below(&random, texts);
            int size = snprintf(text[c], sizeof text[c], "%u%s", n,
                                (const char *[]){"", " a", " a b", " a b c"}[n % 4]);
            row.text[c] = (data_text){text[c], (size_t)size};
        }
        cr_assert(data_corpus_add(w.corpus, &row, &error));
    }
    base_bytes vocab = {0};
    cr_assert(base_bytes_format(&vocab, &error, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n"));
    for (unsigned n = 0; n < texts; n++)
        cr_assert(base_bytes_format(&vocab, &error, "%u\n", n));
    w.tokenizer = data_tokenizer_from_vocab(fixture_text("vocab.txt", vocab.data), true, &error);
    cr_assert_not_null(w.tokenizer, "%s", error.text);
    base_bytes_free(&vocab);
    w.store = data_token_store_new(w.corpus, w.tokenizer, max_length, &error);
    cr_assert_not_null(w.store, "%s", error.text);
    return w;
}

static void free_world(world *w) {
    data_token_store_free(w->store);
    data_tokenizer_free(w->tokenizer);
    data_corpus_free(w->corpus);
}

/* The tokenizer's own ids of a row's text. */
static void expect_ids(const world *w, size_t row, size_t column, size_t max_length,
                       const uint32_t *ids, size_t count) {
    base_error error = {0};
    data_tokens tokens = {0};
    data_row r;
    data_corpus_row(w->corpus, row, &r);
    cr_assert(data_tokenizer_encode(w->tokenizer, r.text[column].bytes, r.text[column].size,
                                    max_length, &tokens, &error));
    cr_assert_eq(tokens.count, count);
    cr_assert_arr_eq(tokens.ids, ids, count * sizeof *ids);
    data_tokens_free(&tokens);
}

Test(token_store, equal_texts_are_stored_once_and_ids_are_the_tokenizers) {
    for (size_t threads = 1; threads <= 3; threads++) {
        base_error error = {0};
        cr_assert(base_threads_start(threads, &error));
        world w = make_world(3000, 2, 1500, 5);
        cr_expect_leq(data_token_store_distinct(w.store), 1500);
        size_t cut = 0;
        for (size_t row = 0; row < 3000; row++)
            for (size_t c = 0; c < 2; c++) {
                size_t n;
                const uint32_t *ids = data_token_store_ids(w.store, row, c, &n);
                data_row r;
                data_corpus_row(w.corpus, row, &r);
                cut += r.text[c].size > 6 &&
                       !memcmp(r.text[c].bytes + r.text[c].size - 6, " a b c", 6);
                expect_ids(&w, row, c, 5, ids, n);
                cr_assert_lt(data_token_store_text(w.store, row, c),
                             data_token_store_distinct(w.store));
            }
        cr_expect_eq(data_token_store_truncated(w.store), cut);
        cr_expect_eq(data_token_store_percentile(w.store, 100), 5);
        cr_expect_eq(data_token_store_percentile(w.store, 0), 3);
        cr_expect_eq(data_token_store_percentile(w.store, 40), 4);
        free_world(&w);
        base_threads_stop();
    }
}

Test(token_store, numbers_tell_texts_apart_across_rows_and_columns) {
    world w = make_world(200, 2, 20, 16);
    for (size_t i = 0; i < 400; i++)
        for (size_t j = 0; j < 400; j++) {
            data_row a, b;
            data_corpus_row(w.corpus, i / 2, &a);
            data_corpus_row(w.corpus, j / 2, &b);
            bool same = a.text[i % 2].size == b.text[j % 2].size &&
                        !memcmp(a.text[i % 2].bytes, b.text[j % 2].bytes, a.text[i % 2].size);
            cr_assert_eq(data_token_store_text(w.store, i / 2, i % 2) ==
                             data_token_store_text(w.store, j / 2, j % 2),
                         same);
        }
    free_world(&w);
}

Test(batch, texts_stand_column_after_column_without_padding) {
    base_error error = {0};
    world w = make_world(50, 3, 40, 16);
    data_batch b = {0};
    const uint32_t rows[] = {7, 3, 3, 49};
    cr_assert(data_batch_fill(&b, w.store, w.corpus, rows, 4, 10, &error));
    cr_expect(b.columns == 3 && b.examples == 4 && b.texts == 12 && b.kind == DATA_TARGET_SCORE);
    cr_expect_eq(b.start[12], b.tokens);
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 4; i++) {
            size_t text = c * 4 + i;
            expect_ids(&w, rows[i], c, 16, b.ids + b.start[text],
                       b.start[text + 1] - b.start[text]);
            cr_expect_eq(b.example[text], 10 + i);
            cr_expect_eq(b.column[text], c);
            cr_expect_eq(b.row[i], rows[i]);
            cr_expect_float_eq(b.score[i], rows[i], 0);
        }
    for (size_t t = 0; t < b.tokens; t++)
        cr_expect_eq(b.types[t], 0);
    data_batch_free(&b);
    free_world(&w);
}

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

Test(sampler, each_row_once_an_epoch_for_every_sampler) {
    base_error error = {0};
    for (size_t texts = 3; texts < 4000; texts = texts * 3 + 1) {
        world w = make_world(1003, 2, texts, 8);
        for (const char *const *name = data_sampler_names(); *name; name++) {
            cr_expect_not_null(data_sampler_summary(*name));
            for (size_t least = 1; least <= 2; least++) {
                data_plan plan = {0};
                data_sampler_options options = {*name, 17, least, 5};
                cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
                expect_plan(&w, &options, &plan, !strcmp(*name, "no_duplicates"));
                data_plan_free(&plan);
            }
        }
        free_world(&w);
    }
}

Test(sampler, order_depends_on_seed_and_epoch_alone) {
    base_error error = {0};
    world w = make_world(500, 2, 100, 8);
    for (const char *const *name = data_sampler_names(); *name; name++) {
        data_plan plan[4] = {0};
        const uint64_t seed[] = {1, 1, 1, 2};
        const size_t epoch[] = {3, 3, 4, 3};
        for (int i = 0; i < 4; i++) {
            data_sampler_options options = {*name, 16, 1, seed[i]};
            if (i == 1) /* other epochs before do not matter */
                cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan[i], &error));
            cr_assert(data_sampler_plan(&options, w.corpus, w.store, epoch[i], &plan[i], &error));
        }
        size_t bytes = plan[0].rows_count * sizeof(uint32_t);
        bool fixed = !strcmp(*name, "sequential");
        cr_expect_arr_eq(plan[0].rows, plan[1].rows, bytes);
        cr_expect_eq(!memcmp(plan[0].rows, plan[2].rows, bytes), fixed);
        cr_expect_eq(!memcmp(plan[0].rows, plan[3].rows, bytes), fixed);
        for (int i = 0; i < 4; i++)
            data_plan_free(&plan[i]);
    }
    free_world(&w);
}

Test(sampler, last_small_batches_are_kept_or_dropped_and_counted) {
    base_error error = {0};
    world w = make_world(33, 1, 1000000, 8);
    data_plan plan = {0};
    data_sampler_options options = {"shuffled", 16, 1, 1};
    cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect(plan.batches == 3 && plan.dropped == 0 && plan.conflicting == 0);
    options.min_batch = 2;
    cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect(plan.batches == 2 && plan.dropped == 1);
    data_plan_free(&plan);
    free_world(&w);
}

Test(sampler, one_text_everywhere_leaves_batches_of_one) {
    base_error error = {0};
    world w = make_world(40, 2, 1, 8);
    data_plan plan = {0};
    data_sampler_options options = {"no_duplicates", 8, 1, 1};
    cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect(plan.batches == 40 && plan.conflicting == 40);
    options.min_batch = 2;
    cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect(plan.batches == 0 && plan.dropped == 40);
    data_plan_free(&plan);
    free_world(&w);
}

Test(sampler, few_rows_are_left_over_when_texts_repeat_a_little) {
    base_error error = {0};
    world w = make_world(6000, 2, 6000, 8);
    data_plan plan = {0};
    data_sampler_options options = {"no_duplicates", 64, 2, 1};
    cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect_leq(plan.batches, 6000 / 64 + 3);
    cr_expect_leq(plan.dropped, 1);
    cr_expect_lt(plan.conflicting, 128);
    data_plan_free(&plan);
    free_world(&w);
}

Test(sampler, wrong_options_are_refused) {
    base_error error = {0};
    world w = make_world(3, 1, 3, 8);
    data_plan plan = {0};
    data_sampler_options options = {"random", 16, 1, 1};
    cr_expect_not(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect_str_eq(error.text, "sampler: found \"random\", expected one of shuffled, sequential, "
                                 "no_duplicates");
    error = (base_error){0};
    options = (data_sampler_options){"shuffled", 1, 2, 1};
    cr_expect_not(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
    cr_expect_str_eq(error.text, "sampler: found a batch size of 1, expected at least 2");
    data_plan_free(&plan);
    free_world(&w);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
Test(sampler, later_plans_and_batches_do_not_allocate) {
    base_error error = {0};
    world w = make_world(2000, 2, 900, 8);
    for (const char *const *name = data_sampler_names(); *name; name++) {
        data_plan plan = {0};
        data_batch batch = {0};
        data_sampler_options options = {*name, 32, 2, 1};
        cr_assert(data_sampler_plan(&options, w.corpus, w.store, 0, &plan, &error));
        cr_assert(data_batch_reserve(&batch, 64, 64 * 8, &error));
        const void *before[] = {plan.rows, plan.start,  plan.scratch,
                                batch.ids, batch.start, batch.types};
        size_t used = mallinfo2().uordblks;
        for (size_t epoch = 1; epoch < 5; epoch++) {
            cr_assert(data_sampler_plan(&options, w.corpus, w.store, epoch, &plan, &error));
            for (size_t b = 0; b < plan.batches; b++)
                cr_assert(data_batch_fill(&batch, w.store, w.corpus, plan.rows + plan.start[b],
                                          plan.start[b + 1] - plan.start[b], 0, &error));
        }
        cr_expect_eq(mallinfo2().uordblks, used);
        const void *after[] = {plan.rows, plan.start,  plan.scratch,
                               batch.ids, batch.start, batch.types};
        cr_expect_arr_eq(before, after, sizeof before);
        data_plan_free(&plan);
        data_batch_free(&batch);
    }
    free_world(&w);
}
#endif
