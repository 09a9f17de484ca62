#include "base/threads.h"
#include "tests/world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(token_store, equal_texts_are_stored_once_and_ids_are_the_tokenizers) {
    for (size_t threads = 1; threads <= 3; threads++) {
        base_error error = {0};
        cr_assert(base_threads_start(threads, &error));
        world w = world_make(3000, 2, 1500, 5);
        size_t distinct;
        cr_expect_not_null(data_token_store_texts(w.store, &distinct));
        cr_expect_leq(distinct, 1500);
        size_t cut = 0;
        for (size_t row = 0; row < 3000; row++)
            for (size_t c = 0; c < 2; c++) {
                size_t n;
                const uint32_t *ids = data_token_store_ids(w.store, row, c, &n);
                data_row r;
                data_corpus_row(w.corpus, row, &r);
                cut += r.text[c].size > 6 &&
                       !memcmp(r.text[c].bytes + r.text[c].size - 6, " a b c", 6);
                world_expect_ids(&w, row, c, 5, ids, n);
                cr_assert_lt(data_token_store_text(w.store, row, c), distinct);
            }
        cr_expect_eq(data_token_store_truncated(w.store), cut);
        cr_expect_eq(data_token_store_percentile(w.store, 100), 5);
        cr_expect_eq(data_token_store_percentile(w.store, 0), 3);
        cr_expect_eq(data_token_store_percentile(w.store, 40), 4);
        world_free(&w);
        base_threads_stop();
    }
}

typedef struct reports {
    size_t count, last, stop_at;
} reports;

static bool report(void *context, size_t done, size_t total) {
    reports *r = context;
    cr_expect_eq(total, 20000);
    cr_expect(r->count == 0 ? done == 0 : done > r->last);
    r->last = done;
    return ++r->count != r->stop_at;
}

Test(token_store, tokenising_tells_how_far_it_is_and_stops_when_told_to) {
    for (size_t stop_at = 0; stop_at <= 2; stop_at++) {
        base_error error = {0};
        world w = world_make(1, 1, 2, 8);
        reports r = {.stop_at = stop_at};
        base_progress progress = {report, &r};
        data_corpus *corpus = data_corpus_new("many", 1, DATA_TARGET_NONE, &error);
        for (int i = 0; i < 20000; i++) {
            char text[24];
            snprintf(text, sizeof text, "%d", i);
            data_row row = {.columns = 1, .text = {{text, strlen(text)}}, .line = 1};
            cr_assert(data_corpus_add(corpus, &row, &error));
        }
        data_token_store *store = data_token_store_new(
            corpus,
            &(data_tokenising){.tokenizer = w.tokenizer, .max_length = 8, .progress = &progress},
            &error);
        cr_expect_eq(store != NULL, stop_at == 0);
        cr_expect_eq(error.status, stop_at ? BASE_STOPPED : BASE_OK);
        cr_expect(stop_at ? r.count == stop_at : r.last == 20000);
        data_token_store_free(store);
        world_free(&w);
    }
}

Test(token_store, numbers_tell_texts_apart_across_rows_and_columns) {
    world w = world_make(200, 2, 20, 16);
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
    world_free(&w);
}

Test(token_store, targets_and_lines_are_the_corpus_s) {
    world w = world_make(40, 2, 30, 16);
    cr_expect_eq(data_token_store_rows(w.store), 40);
    cr_expect_eq(data_token_store_kind(w.store), DATA_TARGET_SCORE);
    cr_expect_str_eq(data_token_store_name(w.store), "world");
    for (size_t i = 0; i < 40; i++) {
        cr_expect_float_eq(data_token_store_score(w.store, i), (double)i, 0);
        cr_expect_eq(data_token_store_line(w.store, i), i + 1);
    }
    world_free(&w);
}
