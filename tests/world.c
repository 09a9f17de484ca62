#include "tests/world.h"

#include "base/random.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

static data_corpus *make_corpus(size_t rows, size_t columns, size_t texts, data_target_kind kind) {
    base_error error = {0};
    data_corpus *corpus = data_corpus_new("world", columns, kind, &error);
    base_random random = base_random_stream(11, "world");
    for (size_t i = 0; i < rows; i++) {
        char text[DATA_MAX_COLUMNS][64];
        data_row row = {
            .columns = columns, .score = (double)i, .label = (uint32_t)(i % 7), .line = i + 1};
        for (size_t c = 0; c < columns; c++) {
            unsigned n = (unsigned)base_random_below(&random, texts);
            int size = snprintf(text[c], sizeof text[c], "%u%s", n,
                                (const char *[]){"", " a", " a b", " a b c"}[n % 4]);
            row.text[c] = (data_text){text[c], (size_t)size};
        }
        cr_assert(data_corpus_add(corpus, &row, &error));
    }
    return corpus;
}

static data_token_store *make_store(const data_tokenizer *tokenizer, size_t max_length,
                                    data_corpus *corpus) {
    base_error error = {0};
    data_tokenising how = {.tokenizer = tokenizer, .max_length = max_length};
    data_token_store *store = data_token_store_new(corpus, &how, &error);
    cr_assert_not_null(store, "%s", error.text);
    return store;
}

world world_make(size_t rows, size_t columns, size_t texts, size_t max_length) {
    base_error error = {0};
    world w = {.corpus = make_corpus(rows, columns, texts, DATA_TARGET_SCORE)};
    base_bytes vocab = {0};
    cr_assert(base_bytes_format(&vocab, &error, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n"));
    for (unsigned n = 0; n < texts; n++)
        cr_assert(base_bytes_format(&vocab, &error, "%u\n", n));
    w.tokenizer = data_tokenizer_from_vocab(fixture_text("vocab.txt", vocab.data), true, &error);
    cr_assert_not_null(w.tokenizer, "%s", error.text);
    base_bytes_free(&vocab);
    w.store =
        make_store(w.tokenizer, max_length, make_corpus(rows, columns, texts, DATA_TARGET_SCORE));
    w.labelled =
        make_store(w.tokenizer, max_length, make_corpus(rows, columns, texts, DATA_TARGET_CLASS));
    return w;
}

void world_free(world *w) {
    data_token_store_free(w->store);
    data_token_store_free(w->labelled);
    data_tokenizer_free(w->tokenizer);
    data_corpus_free(w->corpus);
}

void world_expect_ids(const world *w, size_t row, size_t column, size_t max_length,
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
