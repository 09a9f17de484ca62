/* Token caches: what is in them, when they are used and made anew. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/log.h"
#include "data/sampler.h"
#include "tests/cache_case.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the same as in memory ---- */

static void expect_same(const data_token_store *a, const data_token_store *b) {
    cr_assert_eq(data_token_store_rows(a), data_token_store_rows(b));
    cr_expect_str_eq(data_token_store_name(a), data_token_store_name(b));
    cr_expect_eq(data_token_store_kind(a), data_token_store_kind(b));
    cr_expect_eq(data_token_store_truncated(a), data_token_store_truncated(b));
    cr_expect_eq(data_token_store_longest(a), data_token_store_longest(b));
    for (double p = 0; p <= 100; p += 10)
        cr_expect_eq(data_token_store_percentile(a, p), data_token_store_percentile(b, p));
    for (size_t i = 0; i < data_token_store_rows(a); i++) {
        cr_assert_eq(data_token_store_label(a, i), data_token_store_label(b, i));
        cr_assert_eq(data_token_store_score(a, i), data_token_store_score(b, i));
        cr_assert_eq(data_token_store_line(a, i), data_token_store_line(b, i));
        for (size_t c = 0; c < 2; c++) {
            size_t n, m;
            const uint32_t *x = data_token_store_ids(a, i, c, &n);
            const uint32_t *y = data_token_store_ids(b, i, c, &m);
            cr_assert(n == m && !memcmp(x, y, n * sizeof *x));
            cr_assert_eq(data_token_store_skip(a, i, c), data_token_store_skip(b, i, c));
            cr_assert_eq(data_token_store_text(a, i, c) == data_token_store_text(a, 0, 0),
                         data_token_store_text(b, i, c) == data_token_store_text(b, 0, 0));
        }
    }
}

static void expect_same_corpus(const data_corpus *a, const data_corpus *b) {
    size_t rows[2][4], line[2];
    double low[2], high[2];
    cr_expect_eq(data_corpus_all_rows(a), data_corpus_all_rows(b));
    cr_expect_eq(data_corpus_skipped(a), data_corpus_skipped(b));
    cr_expect_eq(data_corpus_replaced(a, &line[0]), data_corpus_replaced(b, &line[1]));
    cr_expect_eq(line[0], line[1]);
    cr_expect_eq(data_corpus_range(a, &low[0], &high[0]), data_corpus_range(b, &low[1], &high[1]));
    cr_expect(low[0] == low[1] && high[0] == high[1]);
    cr_assert_eq(data_corpus_labels(a), data_corpus_labels(b));
    for (size_t i = 0; i < data_corpus_labels(a); i++) {
        cr_expect_str_eq(data_corpus_label_name(a, i), data_corpus_label_name(b, i));
        cr_expect_eq(data_corpus_label_value(a, i), data_corpus_label_value(b, i));
    }
    data_corpus_count_labels(a, rows[0], 4);
    data_corpus_count_labels(b, rows[1], 4);
    cr_expect_arr_eq(rows[0], rows[1], sizeof rows[0]);
    if (data_corpus_kind(a) == DATA_TARGET_SCORE) {
        data_corpus_scores(a, &low[0], &high[0]);
        data_corpus_scores(b, &low[1], &high[1]);
        cr_expect(low[0] == low[1] && high[0] == high[1]);
    }
    for (size_t i = 0; i < DATA_SAMPLES; i++) {
        data_row x, y;
        data_corpus_row(a, i, &x);
        data_corpus_row(b, i, &y);
        cr_expect(x.line == y.line && x.label == y.label && x.score == y.score);
        cr_expect(x.text[1].size == y.text[1].size &&
                  !memcmp(x.text[1].bytes, y.text[1].bytes, x.text[1].size));
    }
}

Test(token_cache, what_it_gives_is_what_memory_gives) {
    static const data_target_kind kinds[] = {DATA_TARGET_NONE, DATA_TARGET_CLASS,
                                             DATA_TARGET_SCORE};
    for (size_t i = 0; i < 3; i++) {
        cache_case s;
        base_error error = {0};
        cache_case_set(&s, kinds[i]);
        data_prompt prompt[2] = {{"a ", 2, 2}, {NULL, 0, 0}};
        for (size_t p = 0; p < 2; p++) {
            s.how.prompt = p ? prompt : NULL;
            data_corpus *plain = data_read_files(s.path, 2, &s.reader, &error), *corpus;
            cr_assert_not_null(plain, "%s", error.text);
            data_token_store *cached, *again;
            cr_expect(strstr(cache_case_get(&s, &corpus, &cached).text, "rows tokenised into"));
            expect_same_corpus(corpus, plain);
            data_token_store *store = data_token_store_new(plain, &s.how, &error);
            expect_same(cached, store);
            data_corpus_free(corpus);
            cr_expect_str_empty(cache_case_get(&s, &corpus, &again).text);
            expect_same(again, store);
            data_corpus_free(corpus);
            data_token_store_free(again);
            data_token_store_free(cached);
            data_token_store_free(store);
        }
        data_tokenizer_free(s.tokenizer);
    }
}

/* Labels of their own keep the order of their appearance. */
Test(token_cache, labels_that_are_found_are_numbered_as_in_memory) {
    static const char *const own[] = {"yes", "no", "maybe"};
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    s.path[0] = cache_case_rows("own.tsv", 50, own);
    s.cache.count = 1;
    data_corpus *plain = data_read_files(s.path, 1, &s.reader, &error), *corpus;
    data_token_store *cached;
    cache_case_get(&s, &corpus, &cached);
    expect_same_corpus(corpus, plain);
    data_token_store *store = data_token_store_new(plain, &s.how, &error);
    expect_same(cached, store);
    data_corpus_free(corpus);
    data_token_store_free(cached);
    data_token_store_free(store);
    data_tokenizer_free(s.tokenizer);
}

/* Samplers see hashes of texts in place of numbers, and windows of either. */
Test(token_cache, plans_are_those_of_memory) {
    cache_case s;
    base_error error = {0};
    data_corpus *corpus;
    data_token_store *cached;
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_get(&s, &corpus, &cached);
    data_token_store *store =
        data_token_store_new(data_read_files(s.path, 2, &s.reader, &error), &s.how, &error);
    for (const char *const *name = data_sampler_names(); *name; name++)
        for (size_t window = 0; window <= 64; window += 32) {
            data_plan a = {0}, b = {0};
            data_sampler_options o = {.name = *name, .batch_size = 8, .window_rows = window};
            cr_assert_eq(data_sampler_windows(&o, store), data_sampler_windows(&o, cached));
            for (size_t w = 0; w < data_sampler_windows(&o, store); w++) {
                cr_assert(data_sampler_plan(&o, store, 1, w, &a, &error), "%s", error.text);
                cr_assert(data_sampler_plan(&o, cached, 1, w, &b, &error), "%s", error.text);
                cr_assert(a.batches == b.batches && a.rows_count == b.rows_count);
                cr_assert_arr_eq(a.rows, b.rows, a.rows_count * sizeof *a.rows);
                cr_assert_arr_eq(a.start, b.start, a.batches * sizeof *a.start);
            }
            data_plan_free(&a);
            data_plan_free(&b);
        }
    data_corpus_free(corpus);
    data_token_store_free(cached);
    data_token_store_free(store);
    data_tokenizer_free(s.tokenizer);
}

/* A corpus of many parts: rows are taken, forgotten, and none comes twice. */
typedef struct taken {
    size_t rows, calls, line;
    uint64_t read;
} taken;

static bool take(void *context, const data_corpus *corpus, uint64_t read, base_error *error) {
    taken *t = context;
    data_row row;
    (void)error;
    for (size_t i = data_corpus_seen(corpus); i < data_corpus_rows(corpus); i++) {
        data_corpus_row(corpus, i, &row);
        t->rows++;
        cr_expect(t->rows == 101 || row.line > t->line); /* the second file begins */
        t->line = row.line;
    }
    t->calls++;
    cr_expect_geq(read, t->read);
    t->read = read;
    return true;
}

Test(token_cache, rows_are_taken_in_parts_and_forgotten) {
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_SCORE);
    s.path[0] = s.path[1];
    taken t = {0};
    data_row_taker taker = {500, take, &t};
    data_corpus *plain = data_read_files(s.path, 2, &s.reader, &error);
    s.reader.taker = &taker;
    data_corpus *corpus = data_read_files(s.path, 2, &s.reader, &error);
    cr_assert(plain && corpus, "%s", error.text);
    cr_expect_eq(t.rows, data_corpus_rows(plain));
    cr_expect_gt(t.calls, 10);
    cr_expect_eq(data_corpus_rows(corpus), DATA_SAMPLES);
    expect_same_corpus(corpus, plain);
    struct stat status;
    stat(s.path[1], &status);
    cr_expect_eq(t.read, 2 * (uint64_t)status.st_size);
    data_corpus_free(corpus);
    data_corpus_free(plain);
    data_tokenizer_free(s.tokenizer);
}

/* ---- when it is used ---- */

Test(token_cache, another_tokenising_is_another_cache) {
    cache_case s;
    base_error error = {0};
    size_t count;
    data_cache_entry *entry;
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    s.how.max_length = 7;
    cache_case_look(&s);
    s.reader.column[1] = "sentence1";
    cache_case_look(&s);
    data_tokenizer *bare = data_tokenizer_from_vocab(tiny_vocab(), true, &error);
    data_tokenizer_make_bare(bare);
    s.how.tokenizer = bare;
    cache_case_look(&s);
    data_tokenizer_free(bare);
    s.how.tokenizer = bare = data_tokenizer_from_vocab(tiny_vocab(), false, &error);
    cache_case_look(&s);
    cr_assert(data_cache_entries_read(fixture_path("cache"), &entry, &count, &error));
    cr_expect_eq(count, 5);
    data_cache_entries_free(entry, count);
    data_tokenizer_free(bare);
    data_tokenizer_free(s.tokenizer);
}

/* As a run that is resumed reads it from its checkpoint. */
Test(token_cache, a_tokenizer_that_was_saved_is_the_same) {
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    cr_assert(base_folder_make(fixture_path("saved"), &error));
    cr_assert(data_tokenizer_save(s.tokenizer, fixture_path("saved"), 8, &error));
    data_tokenizer *saved = data_tokenizer_load(fixture_path("saved"), &error);
    cr_assert_not_null(saved, "%s", error.text);
    s.how.tokenizer = saved;
    cr_expect_str_empty(cache_case_look(&s).text);
    data_tokenizer_free(saved);
    data_tokenizer_free(s.tokenizer);
}

/* Other bytes of the same number, at the same time. */
static void change(const char *path, bool bytes) {
    struct stat before;
    FILE *f = fopen(path, "r+b");
    cr_assert(f && stat(path, &before) == 0);
    if (bytes) {
        fseek(f, -12, SEEK_END);
        fputc('b', f);
    }
    fclose(f);
    const struct timespec times[] = {before.st_atim,
                                     bytes ? before.st_mtim : (struct timespec){9, 9}};
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

Test(token_cache, a_corpus_that_was_changed_makes_it_anew_and_a_touched_one_does_not) {
    cache_case s;
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    change(s.path[1], false);
    cr_expect_str_empty(cache_case_look(&s).text);
    change(s.path[1], true);
    cache_case_log h = cache_case_look(&s);
    cr_expect(strstr(h.text, "the corpus was changed since: the cache is made anew"), "%s", h.text);
    cr_expect_str_empty(cache_case_look(&s).text);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache, one_that_was_cut_short_or_misses_a_file_is_made_anew) {
    static const char *const names[] = {"ids", "starts", "hashes", "targets", "lines", "sums"};
    cache_case s;
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    char *key = cache_case_key();
    for (size_t i = 0; i < 6; i++) {
        cache_case_log h;
        cr_assert_eq(truncate(cache_case_file(key, names[i]), 40), 0);
        h = cache_case_look(&s);
        cr_expect(strstr(h.text, "found 40 bytes, expected"), "%s", h.text);
        cr_expect(strstr(h.text, "the cache is made anew"), "%s", h.text);
        remove(cache_case_file(key, names[i]));
        h = cache_case_look(&s);
        cr_expect(strstr(h.text, "cannot open: No such file"), "%s", h.text);
        cr_expect_str_empty(cache_case_look(&s).text);
    }
    remove(cache_case_file(key, "head.json"));
    cr_expect(strstr(cache_case_look(&s).text, "rows tokenised"));
    free(key);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache, every_byte_that_was_changed_is_found) {
    static const char *const names[] = {"ids", "starts", "hashes", "targets", "lines", "sums"};
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_SCORE);
    cache_case_look(&s);
    char *key = cache_case_key();
    cr_expect(data_token_cache_verify(s.cache.folder, key, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < 6; i++) {
        const char *path = cache_case_file(key, names[i]);
        struct stat status;
        cr_assert_eq(stat(path, &status), 0);
        for (long at = 0; at < status.st_size; at += 97) {
            FILE *f = fopen(path, "r+b");
            fseek(f, at, SEEK_SET);
            int byte = fgetc(f);
            fseek(f, at, SEEK_SET);
            fputc(byte ^ 0x10, f);
            fclose(f);
            error = (base_error){0};
            cr_assert_not(data_token_cache_verify(s.cache.folder, key, NULL, &error), "%s %ld",
                          names[i], at);
            cr_assert(strstr(error.text, "has not the checksum") ||
                          strstr(error.text, "the last row ends"),
                      "%s", error.text);
            f = fopen(path, "r+b");
            fseek(f, at, SEEK_SET);
            fputc(byte, f);
            fclose(f);
        }
    }
    error = (base_error){0};
    cr_expect(data_token_cache_verify(s.cache.folder, key, NULL, &error), "%s", error.text);
    free(key);
    data_tokenizer_free(s.tokenizer);
}
