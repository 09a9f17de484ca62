#include "cli/sentences.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool add(cli_sentences *s, const char *bytes, size_t size, base_error *error) {
    if (!s->corpus)
        s->corpus = data_corpus_new("sentences", 1, DATA_TARGET_NONE, error);
    data_row row = {.text = {{bytes, size}}, .columns = 1, .line = s->count + 1};
    if (!s->corpus || !data_corpus_add(s->corpus, &row, error))
        return false;
    s->count++;
    return true;
}

/* The corpus may have moved its texts while it grew. */
static bool point(cli_sentences *s, base_error *error) {
    free(s->text);
    s->text = base_alloc(s->count, sizeof *s->text, error);
    for (size_t i = 0; s->text && i < s->count; i++) {
        data_row row;
        data_corpus_row(s->corpus, i, &row);
        s->text[i] = row.text[0];
    }
    return s->text != NULL;
}

bool cli_sentences_lines(cli_sentences *s, data_line_reader *lines, size_t most,
                         base_error *error) {
    data_line line;
    bool ok = true;
    for (size_t i = 0; ok && i < most && data_line_reader_next(lines, &line, error); i++)
        ok = add(s, line.bytes, line.size, error);
    return ok && base_ok(error) && point(s, error);
}

bool cli_sentences_file(cli_sentences *s, const char *path, base_error *error) {
    data_line_reader *lines = data_line_reader_open(path, error);
    bool ok = lines && cli_sentences_lines(s, lines, SIZE_MAX, error);
    if (ok)
        data_line_reader_warn(lines);
    data_line_reader_close(lines);
    return ok;
}

bool cli_sentences_words(cli_sentences *s, const char *const *words, size_t count,
                         base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        base_bytes clean = {0};
        size_t replaced;
        ok = base_utf8_clean(words[i], strlen(words[i]), &clean, &replaced, error) &&
             add(s, clean.data ? clean.data : "", clean.size, error);
        base_bytes_free(&clean);
    }
    return ok && point(s, error);
}

bool cli_sentences_take(cli_sentences *s, data_corpus *corpus, base_error *error) {
    s->corpus = corpus;
    s->count = corpus ? data_corpus_rows(corpus) : 0;
    return corpus && point(s, error);
}

void cli_sentences_free(cli_sentences *s) {
    data_corpus_free(s->corpus);
    free(s->text);
    *s = (cli_sentences){0};
}
