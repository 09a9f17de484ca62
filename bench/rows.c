#include "base/file.h"
#include "base/random.h"
#include "bench/bench.h"
#include "data/reader.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 16384, LONG_ROWS = 400, LONG_WORDS = 256 };

static bool starts_with(data_text text, const char *prefix) {
    size_t n = strlen(prefix);
    return text.size >= n && memcmp(text.bytes, prefix, n) == 0;
}

/* SNLI and MultiNLI rows, or any row when the corpus has no column `source`. */
static bool wanted(const data_row *row) {
    return row->columns < 3 || starts_with(row->text[2], "snli") ||
           starts_with(row->text[2], "multinli") || starts_with(row->text[2], "mnli");
}

static bool add_text(base_bytes *out, data_text text, char end, base_error *error) {
    return base_bytes_add(out, text.bytes, text.size, error) && base_bytes_add(out, &end, 1, error);
}

static bool add_row(base_bytes *out, data_text a, data_text b, uint32_t label, base_error *error) {
    return add_text(out, a, '\t', error) && add_text(out, b, '\t', error) &&
           base_bytes_format(out, error, "%s\n", data_usual_label[label]);
}

static bool write_and_free(const char *path, base_bytes *out, base_error *error) {
    bool ok = base_ok(error) && base_file_write(path, out->data, out->size, error);
    base_bytes_free(out);
    return ok;
}

static bool write_rows(const data_corpus *corpus, const uint32_t *order, size_t count,
                       base_error *error) {
    base_bytes out = {0};
    data_row row;
    bool ok = base_bytes_format(&out, error, "sentence1\tsentence2\tlabel\n");
    for (size_t i = 0; ok && i < count; i++) {
        data_corpus_row(corpus, order[i], &row);
        ok = add_row(&out, row.text[0], row.text[1], row.label, error);
    }
    return write_and_free(BENCH_ROWS, &out, error);
}

static size_t words_in(const char *text, size_t size) {
    size_t words = 0;
    for (size_t i = 0; i < size; i++)
        words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    return words;
}

/* Sentences joined until they have LONG_WORDS words, so at least as many pieces. */
static bool add_long(base_bytes *out, const data_corpus *corpus, const uint32_t *order,
                     size_t count, size_t *next, base_error *error) {
    data_row row;
    for (size_t words = 0; words < LONG_WORDS && base_ok(error); (*next)++) {
        data_corpus_row(corpus, order[*next / 2 % count], &row);
        data_text text = row.text[*next % 2];
        words += words_in(text.bytes, text.size);
        add_text(out, text, ' ', error);
    }
    return base_ok(error);
}

/* Texts of exactly 256 tokens once they are cut to max_seq_length 256. */
static bool write_long_rows(const data_corpus *corpus, const uint32_t *order, size_t count,
                            base_error *error) {
    base_bytes out = {0};
    size_t next = 0;
    base_bytes_format(&out, error, "sentence1\tsentence2\tlabel\n");
    for (size_t i = 0; i < LONG_ROWS && base_ok(error); i++)
        if (add_long(&out, corpus, order, count, &next, error) &&
            base_bytes_add(&out, "\t", 1, error) &&
            add_long(&out, corpus, order, count, &next, error))
            base_bytes_format(&out, error, "\t%s\n", data_usual_label[i % DATA_USUAL_LABELS]);
    return write_and_free(BENCH_LONG_ROWS, &out, error);
}

static bool write_from(const data_corpus *corpus, base_error *error) {
    size_t count = 0;
    uint32_t *order = base_alloc(data_corpus_rows(corpus), sizeof *order, error);
    data_row row;
    for (size_t i = 0; order && i < data_corpus_rows(corpus); i++) {
        data_corpus_row(corpus, i, &row);
        if (wanted(&row))
            order[count++] = (uint32_t)i;
    }
    bool ok = order && (count > 0 || base_fail(error, BASE_BAD_INPUT, "no rows for the bench"));
    if (ok) {
        base_random random = base_random_stream(0, "bench rows");
        base_random_shuffle(&random, order, count);
        ok = write_rows(corpus, order, count < ROWS ? count : ROWS, error) &&
             write_long_rows(corpus, order, count, error);
    }
    free(order);
    return ok;
}

static bool write_sentences(const char *sts, base_error *error) {
    data_reader_options options = {.kind = DATA_TARGET_NONE};
    data_corpus *corpus = data_read(sts, &options, error);
    base_bytes out = {0};
    data_row row;
    base_bytes_format(&out, error, "sentence\n");
    for (size_t i = 0; corpus && i < data_corpus_rows(corpus) && base_ok(error); i++) {
        data_corpus_row(corpus, i, &row);
        add_text(&out, row.text[0], '\n', error);
        add_text(&out, row.text[1], '\n', error);
    }
    data_corpus_free(corpus);
    return write_and_free(BENCH_SENTENCES, &out, error);
}

bool bench_rows_write(const char *nli, const char *sts, base_error *error) {
    data_reader_options options = {
        .columns = 3, .column = {"sentence1", "sentence2", "source"}, .kind = DATA_TARGET_CLASS};
    base_error no_source = {0};
    data_corpus *corpus = data_read(nli, &options, &no_source);
    options.columns = 2;
    if (!corpus)
        corpus = data_read(nli, &options, error);
    bool ok = corpus && write_from(corpus, error) && write_sentences(sts, error);
    data_corpus_free(corpus);
    return ok;
}
