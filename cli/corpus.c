#include "cli/corpus.h"

#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "data/reader.h"
#include "data/text_table.h"

#include <stdlib.h>

/* ---- texts ---- */

static bool read_column(cli_sentences *s, const cli_arguments *a, const char *file,
                        base_error *error) {
    const char *id = cli_text(a, "id-column");
    data_reader_options options = {.format = cli_text(a, "format"),
                                   .columns = id ? 2 : 1,
                                   .column = {cli_text(a, "column"), id},
                                   .no_header = cli_flag(a, "no-header")};
    return cli_sentences_take(s, data_read(file, &options, error), error);
}

bool cli_corpus_texts(cli_sentences *s, const cli_arguments *a, const char *file,
                      base_error *error) {
    return (cli_text(a, "column") ? read_column(s, a, file, error)
                                  : cli_sentences_file(s, file, error)) &&
           (s->count > 0 ||
            base_fail(error, BASE_BAD_INPUT, "%s is empty, expected a text a line", file));
}

/* The second column of the corpus. */
static bool read_ids(cli_corpus *c, const char *file, base_error *error) {
    size_t count = c->sentences.count;
    const data_corpus *corpus = c->sentences.corpus;
    c->id = base_alloc(count, sizeof *c->id, error);
    data_text_table *seen = c->id ? data_text_table_new(count, error) : NULL;
    for (size_t i = 0; seen && i < count && base_ok(error); i++) {
        data_row row;
        char shown[100];
        data_corpus_row(corpus, i, &row);
        c->id[i] = row.text[1];
        size_t number = data_text_table_add(seen, c->id[i]);
        if (number < i)
            base_fail(error, BASE_BAD_INPUT,
                      "%s: line %zu: found the id '%s' again, which line %zu has, expected each id "
                      "once",
                      file, row.line,
                      base_escape(shown, sizeof shown, c->id[i].bytes, c->id[i].size),
                      data_corpus_line(corpus, number));
    }
    data_text_table_free(seen);
    return base_ok(error);
}

/* ---- vectors ---- */

float *cli_corpus_encode(const cli_arguments *a, const nn_model *model, const data_prompt *prompt,
                         const data_text *text, size_t count, base_error *error) {
    size_t truncated = 0;
    float *rows = base_alloc_rows(count, model->encoded, sizeof *rows, error);
    nn_context *context = rows ? nn_context_new(error) : NULL;
    if (!context) {
        free(rows);
        return NULL;
    }
    cli_progress progress;
    cli_progress_start(&progress, "texts", count, false);
    nn_context_prompt(context, prompt);
    nn_context_profile(context, a->profile);
    nn_context_progress(context, &progress.report);
    bool ok = nn_model_encode(model, context, text, count, 0, rows, &truncated, error);
    cli_progress_end(&progress);
    nn_context_free(context);
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu texts were cut to %zu tokens", truncated, count,
                 model->max_length);
    if (ok)
        return rows;
    free(rows);
    return NULL;
}

static bool encode(cli_corpus *c, const cli_arguments *a, const nn_model *model, const char *file,
                   base_error *error) {
    size_t count = c->sentences.count;
    c->rows = cli_corpus_encode(a, model, NULL, c->sentences.text, count, error);
    if (c->rows)
        c->vectors = search_vectors_of(file, c->rows, count, model->encoded);
    return c->rows != NULL;
}

static bool map(cli_corpus *c, const nn_model *model, const char *file, const char *texts,
                base_error *error) {
    const search_vectors *v = &c->vectors;
    if (!search_vectors_open(&c->vectors, file, error))
        return false;
    if (model && v->width != model->encoded)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s has %zu columns, expected %zu as the model's vectors have", file,
                         v->width, model->encoded);
    if (texts && v->count != c->sentences.count)
        return base_fail(error, BASE_BAD_INPUT, "%s has %zu rows, expected %zu, the texts of %s",
                         file, v->count, c->sentences.count, texts);
    return v->count > 0 || base_fail(error, BASE_BAD_INPUT, "%s has no rows", file);
}

/* ---- both ---- */

bool cli_corpus_has_vectors(const cli_arguments *a, const char *file) {
    return cli_text(a, "vectors") || base_ends_with(file, ".npy");
}

/* Options of texts in a table, and of a model's encoding. */
static const char *const of_tables[] = {"no-header", "format", "id-column", NULL};
static const char *const of_models[] = {"prompt",       "prompt-name",       "truncate-dim",
                                        "query-prompt", "query-prompt-name", NULL};

/* Options that would do nothing. */
static bool check_unused(const cli_arguments *a, const char *const *names, const char *why,
                         base_error *error) {
    for (; *names; names++)
        if (cli_count(a, *names))
            return base_fail(error, BASE_BAD_INPUT, "%s: found --%s, expected none with %s",
                             a->command->name, *names, why);
    return true;
}

bool cli_corpus_encodes_nothing(const cli_arguments *a, base_error *error) {
    return check_unused(a, of_models, "vectors alone", error);
}

bool cli_corpus_open(cli_corpus *c, const cli_arguments *a, const nn_model *model, const char *file,
                     base_error *error) {
    const char *vectors = cli_text(a, "vectors");
    *c = (cli_corpus){0};
    if ((!model && !cli_corpus_encodes_nothing(a, error)) ||
        (base_ends_with(file, ".npy") && !check_unused(a, of_tables, "a file of vectors", error)))
        return false;
    if (!cli_goes_with(a, "no-header", "column", error) ||
        !cli_goes_with(a, "format", "column", error) ||
        !cli_goes_with(a, "id-column", "column", error))
        return false;
    cli_signals_watch();
    if (base_ends_with(file, ".npy"))
        return vectors || cli_text(a, "column")
                   ? base_fail(error, BASE_BAD_INPUT,
                               "%s is a file of vectors, expected texts with --vectors or --column",
                               file)
                   : map(c, model, file, NULL, error);
    return cli_corpus_texts(&c->sentences, a, file, error) &&
           (!cli_text(a, "id-column") || read_ids(c, file, error)) &&
           (vectors ? map(c, model, vectors, file, error) : encode(c, a, model, file, error));
}

bool cli_corpus_operands(cli_corpus *c, const cli_arguments *a, base_error *error) {
    bool given = a->operand_count > 1;
    const char *file = a->operand[given ? 1 : 0];
    *c = (cli_corpus){0};
    if (given == cli_corpus_has_vectors(a, file))
        return base_fail(error, BASE_BAD_INPUT,
                         given ? "%s: found MODEL and vectors, expected one of them"
                               : "%s: found no vectors, expected MODEL CORPUS, a corpus that ends "
                                 "in .npy, or --vectors FILE.npy",
                         a->operand[0]);
    nn_model *model = given ? cli_model_load(a, a->operand[0], error) : NULL;
    bool ok = (!given || model) && cli_corpus_open(c, a, model, file, error);
    nn_model_free(model);
    return ok;
}

void cli_corpus_free(cli_corpus *c) {
    cli_sentences_free(&c->sentences);
    search_vectors_close(&c->vectors);
    free(c->id);
    free(c->rows);
    *c = (cli_corpus){0};
}

data_text cli_corpus_text(const cli_corpus *c, size_t row) {
    return c->sentences.count ? c->sentences.text[row] : (data_text){"", 0};
}

data_text cli_corpus_id(const cli_corpus *c, size_t row) {
    return c->id ? c->id[row] : (data_text){"", 0};
}
