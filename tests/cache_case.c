#include "tests/cache_case.h"

#include "base/log.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of labelled pairs, some without a label, some with an empty text or bad UTF-8. */
const char *cache_case_rows(const char *name, size_t rows, const char *const *labels) {
    base_error error = {0};
    base_bytes out = {0};
    base_bytes_format(&out, &error, "gold_label\tscore\tsentence1\tsentence2\n");
    for (size_t i = 0; i < rows; i++)
        base_bytes_format(&out, &error, "%s\t%.2f\t%s %c\tcat %s%s\n",
                          i % 11 == 5 ? "-" : labels[i % 3], (double)(i % 9) / 2,
                          i % 7 ? "dog sat" : "a b c d e f g h i", (char)('a' + i % 23),
                          i % 5 ? "sat ." : "", i % 13 ? "" : "\xff");
    const char *path = fixture_write(name, out.data, out.size);
    base_bytes_free(&out);
    return path;
}

void cache_case_set(cache_case *s, data_target_kind kind) {
    static const char *const labels[] = {"contradiction", "entailment", "neutral"};
    base_error error = {0};
    *s = (cache_case){
        .path = {cache_case_rows("a.tsv", 200, labels), cache_case_rows("b.tsv", 100, labels)}};
    s->tokenizer = data_tokenizer_from_vocab(tiny_vocab(), true, &error);
    cr_assert_not_null(s->tokenizer, "%s", error.text);
    s->reader = (data_reader_options){
        .columns = 2, .column = {"sentence1", "sentence2"}, .kind = kind, .find_labels = true};
    if (kind == DATA_TARGET_SCORE)
        s->reader.score_high = 4;
    s->how = (data_tokenising){.tokenizer = s->tokenizer, .max_length = 8};
    s->cache = (data_token_cache){fixture_path("cache"), 0, s->path, 2, &s->reader, &s->how};
}

static void listen(void *context, base_log_level level, const char *sentence) {
    cache_case_log *h = context;
    (void)level;
    snprintf(h->text + strlen(h->text), sizeof h->text - strlen(h->text), "%s\n", sentence);
}

/* Gets the cache and returns what the log said. */
cache_case_log cache_case_get(const cache_case *s, data_corpus **corpus, data_token_store **store) {
    base_error error = {0};
    cache_case_log h = {""};
    base_log_to(listen, &h);
    cr_assert(data_token_cache_get(&s->cache, corpus, store, &error), "%s", error.text);
    base_log_to(NULL, NULL);
    return h;
}

/* Gets it and lets it go. */
cache_case_log cache_case_look(const cache_case *s) {
    data_corpus *corpus;
    data_token_store *store;
    cache_case_log h = cache_case_get(s, &corpus, &store);
    data_corpus_free(corpus);
    data_token_store_free(store);
    return h;
}

void cache_case_refuse(const cache_case *s, const char *part) {
    base_error error = {0};
    data_corpus *corpus;
    data_token_store *store;
    cr_assert_not(data_token_cache_get(&s->cache, &corpus, &store, &error));
    cr_expect(strstr(error.text, part), "%s", error.text);
}

char *cache_case_key(void) {
    base_error error = {0};
    data_cache_entry *entry;
    size_t count;
    cr_assert(data_cache_entries_read(fixture_path("cache"), &entry, &count, &error));
    cr_assert_eq(count, 1);
    char *key = base_copy(entry[0].key, strlen(entry[0].key));
    data_cache_entries_free(entry, count);
    return key;
}

const char *cache_case_file(const char *key, const char *name) {
    char path[200];
    snprintf(path, sizeof path, "cache/%s/%s", key, name);
    return fixture_path(path);
}
