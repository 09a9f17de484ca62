/* Token caches: limits, makers that fail, are stopped, killed or two, files of others. */
#define _GNU_SOURCE
#include "base/file.h"
#include "base/lock.h"
#include "tests/cache_case.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t entries(void) {
    base_error error = {0};
    data_cache_entry *entry;
    size_t count;
    cr_assert(data_cache_entries_read(fixture_path("cache"), &entry, &count, &error));
    data_cache_entries_free(entry, count);
    return count;
}

Test(token_cache_bad, the_limit_is_of_all_caches_together) {
    cache_case s;
    cache_case_set(&s, DATA_TARGET_CLASS);
    s.cache.limit = 10000;
    cache_case_refuse(&s, "remove some (sbert cache), or raise the limit");
    cr_expect_eq(entries(), 0);
    s.cache.limit = 45000;
    cache_case_look(&s);
    cache_case_look(&s);
    s.how.max_length = 7;
    cache_case_refuse(&s, "its caches take 0.0 MiB without this one");
    cr_expect_eq(entries(), 1);
    s.how.max_length = 8;
    cr_expect_str_empty(cache_case_look(&s).text);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache_bad, a_corpus_that_cannot_be_read_leaves_nothing) {
    cache_case s;
    cache_case_set(&s, DATA_TARGET_CLASS);
    s.path[1] = fixture_text("bad.tsv", "gold_label\tsentence1\tsentence2\nneutral\ta\n");
    cache_case_refuse(&s, "bad.tsv: line 2, column 1: found 2 columns, expected 3");
    cr_expect_eq(entries(), 0);
    s.path[1] = fixture_path("none.tsv");
    cache_case_refuse(&s, "none.tsv: cannot open");
    cr_expect_eq(entries(), 0);
    data_tokenizer_free(s.tokenizer);
}

static bool report(void *context, size_t done, size_t total) {
    (void)done, (void)total;
    return --*(int *)context > 0;
}

Test(token_cache_bad, one_that_is_stopped_leaves_nothing) {
    cache_case s;
    base_error error = {0};
    data_corpus *corpus;
    data_token_store *store;
    cache_case_set(&s, DATA_TARGET_CLASS);
    int left = 3;
    base_progress progress = {report, &left};
    s.how.progress = &progress;
    cr_assert_not(data_token_cache_get(&s.cache, &corpus, &store, &error));
    cr_expect_eq(error.status, BASE_STOPPED);
    cr_expect_eq(entries(), 0);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache_bad, one_process_makes_it) {
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    char *key = cache_case_key();
    cr_assert(data_token_cache_remove(s.cache.folder, key, &error), "%s", error.text);
    char *file = base_format("%s/%s.lock", s.cache.folder, key);
    base_lock *lock = base_lock_take(file, "it", &error);
    cr_assert_not_null(lock, "%s", error.text);
    cache_case_refuse(&s, "is in use by process");
    base_lock_release(lock);
    cache_case_look(&s);
    lock = base_lock_take(file, "it", &error); /* one that is there is used all the same */
    cr_expect_str_empty(cache_case_look(&s).text);
    cr_expect_not(data_token_cache_remove(s.cache.folder, key, &error));
    cr_expect(strstr(error.text, "is in use by process"), "%s", error.text);
    base_lock_release(lock);
    free(file);
    free(key);
    data_tokenizer_free(s.tokenizer);
}

/* As a process that was killed leaves them; the next one cleans up. */
Test(token_cache_bad, what_a_killed_process_left_is_removed) {
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    char *key = cache_case_key();
    char *part = base_format("%s/%s.part-12345", s.cache.folder, key);
    char *whole = base_format("%s/%s", s.cache.folder, key);
    cr_assert_eq(rename(whole, part), 0);
    cr_expect(strstr(cache_case_look(&s).text, "rows tokenised into"));
    cr_expect_not(base_file_exists(part));
    cr_expect(base_file_exists(whole));
    cr_expect(data_token_cache_verify(s.cache.folder, key, NULL, &error));
    free(part);
    free(whole);
    free(key);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache_bad, files_of_others_are_not_touched) {
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    char *key = cache_case_key();
    cr_assert_eq(truncate(cache_case_file(key, "ids"), 4), 0);
    FILE *f = fopen(cache_case_file(key, "mine.txt"), "w");
    fclose(f);
    cache_case_refuse(&s, "found files in it that are not a token cache's");
    cr_expect_not(data_token_cache_remove(s.cache.folder, key, &error));
    cr_expect(strstr(error.text, "found files in it that are not a token cache's"), "%s",
              error.text);
    cr_expect(base_file_exists(cache_case_file(key, "mine.txt")));
    cr_expect(base_file_exists(cache_case_file(key, "lines")));
    free(key);
    data_tokenizer_free(s.tokenizer);
}

/* What the head says is trained on, too: every character that counts has to be as it was. */
Test(token_cache_bad, a_head_that_was_changed_makes_it_anew) {
    static const char *const changes[][2] = {{"\"to\":", "\"tp\":"},
                                             {"\"rows\":", "\"rowz\":"},
                                             {"\"contradiction\"", "\"contradictiom\""},
                                             {"\"skipped\":", "\"skippeD\":"}};
    cache_case s;
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    char *key = cache_case_key();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        base_error error = {0};
        base_bytes text = {0};
        cr_assert(base_file_read(cache_case_file(key, "head.json"), &text, &error));
        char *at = strstr(text.data, changes[i][0]);
        cr_assert_not_null(at, "%s", changes[i][0]);
        memcpy(at, changes[i][1], strlen(changes[i][1]));
        fixture_write("head", text.data, text.size);
        cr_assert_eq(rename(fixture_path("head"), cache_case_file(key, "head.json")), 0);
        cr_expect_not(data_token_cache_verify(s.cache.folder, key, NULL, &error));
        cache_case_log log = cache_case_look(&s);
        cr_expect(strstr(log.text, "head.json: it has not the checksum that it was written with"),
                  "%s", log.text);
        cr_expect(strstr(log.text, "rows tokenised"));
        base_bytes_free(&text);
    }
    free(key);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache_bad, checksums_that_are_a_users_file_are_left_alone) {
    cache_case s;
    base_error error = {0};
    base_bytes text = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    cr_assert(base_folder_make(s.cache.folder, &error));
    static const char mine[] = "[\"my\", \"precious\"]";
    const char *path = fixture_text("cache/checksums.json", mine);
    cache_case_refuse(&s, "checksums.json: found a file that is not of sbert's checksums");
    cr_assert(base_file_read(path, &text, &error));
    cr_expect_str_eq(text.data, mine);
    base_bytes_free(&text);
    data_tokenizer_free(s.tokenizer);
}

Test(token_cache_bad, a_users_folder_of_a_files_name_stays) {
    cache_case s;
    base_error error = {0};
    cache_case_set(&s, DATA_TARGET_CLASS);
    cache_case_look(&s);
    char *key = cache_case_key();
    cr_assert_eq(remove(cache_case_file(key, "ids")), 0);
    cr_assert(base_folder_make(cache_case_file(key, "ids"), &error));
    cache_case_refuse(&s, "found files in it that are not a token cache's");
    cr_expect(base_file_is_folder(cache_case_file(key, "ids")));
    free(key);
    data_tokenizer_free(s.tokenizer);
}
