#include "cli/row_source.h"

#include "base/file.h"
#include "base/log.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool count_lines(const char *file, size_t *count, base_error *error) {
    data_line line;
    data_line_reader *lines = data_line_reader_open(file, error);
    for (*count = 0; lines && data_line_reader_next(lines, &line, error); ++*count)
        ;
    data_line_reader_close(lines);
    return lines && base_ok(error);
}

static bool open_texts(cli_row_source *s, const char *file, base_error *error) {
    s->width = s->model->encoded;
    if (base_file_is_regular(file))
        return count_lines(file, &s->count, error) &&
               (s->lines = data_line_reader_open(file, error)) != NULL;
    bool ok = cli_sentences_file(&s->sentences, file, error);
    s->count = s->sentences.count;
    return ok;
}

static bool open_vectors(cli_row_source *s, const char *file, base_error *error) {
    size_t cut = cli_size(s->arguments, "truncate-dim");
    s->model = NULL;
    if (!search_vectors_open(&s->vectors, file, error))
        return false;
    if (cut > s->vectors.width)
        return base_fail(error, BASE_BAD_INPUT,
                         "--truncate-dim is %zu, expected 1 to %zu, the columns of %s", cut,
                         s->vectors.width, file);
    s->count = s->vectors.count;
    s->width = cut ? cut : s->vectors.width;
    s->whole = base_alloc(s->vectors.width, sizeof *s->whole, error);
    return s->whole != NULL;
}

bool cli_row_source_open(cli_row_source *s, const cli_arguments *a, const nn_model *model,
                         const char *file, base_error *error) {
    *s = (cli_row_source){.arguments = a, .model = model, .name = file};
    bool vectors = base_ends_with(file, ".npy");
    if (!vectors && !model)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found texts and no model, expected a file of vectors (.npy)", file);
    s->context = nn_context_new(error);
    return s->context && (vectors ? open_vectors(s, file, error) : open_texts(s, file, error));
}

void cli_row_source_close(cli_row_source *s) {
    cli_sentences_free(&s->sentences);
    data_line_reader_close(s->lines);
    search_vectors_close(&s->vectors);
    nn_context_free(s->context);
    free(s->whole);
}

static bool check_row(const cli_row_source *s, size_t row, base_error *error) {
    for (size_t i = 0; i < s->width; i++)
        if (!isfinite(s->whole[i]))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: number %zu of row %zu is %g, expected a finite number", s->name,
                             i + 1, row + 1, (double)s->whole[i]);
    return true;
}

/* Rows of a file into rows[count][width], cut to the width. */
static bool read_rows(const cli_row_source *s, size_t begin, size_t count, float *rows,
                      base_error *error) {
    for (size_t i = 0; i < count; i++) {
        search_vectors_row(&s->vectors, begin + i, s->whole);
        if (!check_row(s, begin + i, error))
            return false;
        memcpy(rows + i * s->width, s->whole, s->width * sizeof *rows);
    }
    return cli_signal() == 0 || base_fail(error, BASE_STOPPED, "stopped by a signal");
}

static bool fail_short(const cli_row_source *s, base_error *error) {
    return base_fail(error, BASE_BAD_INPUT,
                     "%s: found fewer lines than the %zu that were counted before", s->name,
                     s->count);
}

/* Sentences begin .. begin+count-1, which follow those before them. */
static const data_text *next_texts(cli_row_source *s, size_t begin, size_t count,
                                   base_error *error) {
    if (!s->lines)
        return s->sentences.text + begin;
    cli_sentences_free(&s->sentences);
    if (!cli_sentences_lines(&s->sentences, s->lines, count, error))
        return NULL;
    if (s->sentences.count == count)
        return s->sentences.text;
    fail_short(s, error);
    return NULL;
}

/* Reads over the sentences of a part that is left out. */
static bool pass_over(cli_row_source *s, size_t count, base_error *error) {
    data_line line;
    for (size_t i = 0; s->lines && i < count; i++)
        if (!data_line_reader_next(s->lines, &line, error))
            return base_ok(error) && fail_short(s, error);
    return cli_signal() == 0 || base_fail(error, BASE_STOPPED, "stopped by a signal");
}

/* Rows from `first` on into rows[count][width]. */
static const data_text *make_rows(cli_row_source *s, size_t first, size_t count, float *rows,
                                  size_t *truncated, base_error *error) {
    static const data_text no_text[CLI_ROWS_AT_ONCE] = {{NULL, 0}};
    const data_text *text = s->model ? next_texts(s, first, count, error) : no_text;
    bool ok = text && (s->model ? nn_model_encode(s->model, s->context, text, count,
                                                  cli_size(s->arguments, "batch-tokens"), rows,
                                                  truncated, error)
                                : read_rows(s, first, count, rows, error));
    return ok ? text : NULL;
}

static bool give_parts(cli_row_source *s, size_t part, float *rows, cli_progress *progress,
                       const cli_row_taker *to, base_error *error) {
    size_t truncated = 0, seen = 0;
    for (size_t i = 0, first = 0, count; first < s->count; i++, first += count) {
        count = s->count - first < part ? s->count - first : part;
        if (to->parts && !to->parts[i]) {
            if (!pass_over(s, count, error))
                return false;
            continue;
        }
        size_t cut = 0;
        const data_text *text = make_rows(s, first, count, rows, &cut, error);
        if (!text || !to->take(to->context, i, text, rows, count, error))
            return false;
        base_profile_lap(s->arguments->profile, "file", "written", 0, 0);
        cli_progress_add(progress, count);
        truncated += cut;
        seen += count;
    }
    if (s->lines)
        data_line_reader_warn(s->lines);
    if (truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu tokens", truncated, seen,
                 s->model->max_length);
    return true;
}

/* Rows that a taker takes. */
static size_t count_rows(const cli_row_source *s, size_t part, const cli_row_taker *to) {
    size_t rows = 0;
    for (size_t i = 0, first = 0; first < s->count; i++, first += part)
        if (!to->parts || to->parts[i])
            rows += s->count - first < part ? s->count - first : part;
    return rows;
}

bool cli_row_source_give(cli_row_source *s, size_t part, const cli_row_taker *to,
                         base_error *error) {
    const cli_arguments *a = s->arguments;
    size_t at_once = s->count < part ? s->count : part;
    float *rows = base_alloc_rows(at_once, s->width, sizeof *rows, error);
    if (!rows)
        return false;
    cli_progress progress;
    cli_signals_watch();
    cli_progress_start(&progress, "sentences", to->done + count_rows(s, part, to),
                       !strcmp(cli_text(a, "out"), "-"));
    cli_progress_from(&progress, to->done);
    nn_context_profile(s->context, a->profile);
    nn_context_progress(s->context, &progress.report);
    bool ok = give_parts(s, part, rows, &progress, to, error);
    cli_progress_end(&progress);
    free(rows);
    return ok;
}
