#include "base/file.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/sentences.h"
#include "cli/signals.h"
#include "cli/vectors.h"
#include "nn/model.h"
#include "search/vectors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 4096, MAX_TOKENS = 1 << 20, FEW_ROWS = 100 };

static const cli_option options[] = {
    {"out", CLI_OUT, "FILE", NULL,
     "file to write: .npy, .tsv or .jsonl; -: standard output, as .tsv", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"quantize", CLI_TEXT, "PRECISION", NULL,
     "int8, uint8, binary or ubinary instead of floats, as sentence-transformers' "
     "quantize_embeddings",
     0, 0},
    {"calibrate", CLI_TEXT, "FILE", "the vectors themselves, which are kept in memory",
     "int8 and uint8: the ranges of the columns are those of this file, texts or .npy", 0, 0},
    {"batch-tokens", CLI_SIZE, "N", "0", "tokens of one pass, about; 0: chosen by the program", 0,
     MAX_TOKENS},
    CLI_MODEL_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* Where rows come from: sentences through a model, or vectors made before. The lines of a regular
 * file are counted, and then read a part at a time, so that it may be larger than memory. */
typedef struct source {
    const cli_arguments *arguments;
    const nn_model *model; /* NULL: vectors */
    nn_context *context;
    const char *name;
    data_line_reader *lines; /* NULL: all sentences are read */
    cli_sentences sentences; /* all, or the part at hand */
    search_vectors vectors;
    size_t count, width;
    float *whole; /* [vectors.width] */
} source;

/* What takes rows: the file, or the ranges of a quantizer. */
typedef bool take_rows(void *context, const data_text *text, const float *rows, size_t count,
                       base_error *error);

/* ---- rows ---- */

static bool count_lines(const char *file, size_t *count, base_error *error) {
    data_line line;
    data_line_reader *lines = data_line_reader_open(file, error);
    for (*count = 0; lines && data_line_reader_next(lines, &line, error); ++*count)
        ;
    data_line_reader_close(lines);
    return lines && base_ok(error);
}

static bool open_texts(source *s, const char *file, base_error *error) {
    s->width = s->model->encoded;
    if (base_file_is_regular(file))
        return count_lines(file, &s->count, error) &&
               (s->lines = data_line_reader_open(file, error)) != NULL;
    bool ok = cli_sentences_file(&s->sentences, file, error);
    s->count = s->sentences.count;
    return ok;
}

static bool open_vectors(source *s, const char *file, base_error *error) {
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

static bool open_source(source *s, const cli_arguments *a, const nn_model *model, const char *file,
                        base_error *error) {
    *s = (source){.arguments = a, .model = model, .name = file};
    bool vectors = base_ends_with(file, ".npy");
    if (!vectors && !model)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: found texts and no model, expected a file of vectors (.npy)", file);
    s->context = nn_context_new(error);
    return s->context && (vectors ? open_vectors(s, file, error) : open_texts(s, file, error));
}

static void close_source(source *s) {
    cli_sentences_free(&s->sentences);
    data_line_reader_close(s->lines);
    search_vectors_close(&s->vectors);
    nn_context_free(s->context);
    free(s->whole);
}

static bool check_row(const source *s, size_t row, base_error *error) {
    for (size_t i = 0; i < s->width; i++)
        if (!isfinite(s->whole[i]))
            return base_fail(error, BASE_BAD_INPUT,
                             "%s: number %zu of row %zu is %g, expected a finite number", s->name,
                             i + 1, row + 1, (double)s->whole[i]);
    return true;
}

/* Rows of a file into rows[count][width], cut to the width. */
static bool read_rows(const source *s, size_t begin, size_t count, float *rows, base_error *error) {
    for (size_t i = 0; i < count; i++) {
        search_vectors_row(&s->vectors, begin + i, s->whole);
        if (!check_row(s, begin + i, error))
            return false;
        memcpy(rows + i * s->width, s->whole, s->width * sizeof *rows);
    }
    return cli_signal() == 0;
}

/* Sentences begin .. begin+count-1, which follow those before them. */
static const data_text *next_texts(source *s, size_t begin, size_t count, base_error *error) {
    if (!s->lines)
        return s->sentences.text + begin;
    cli_sentences_free(&s->sentences);
    if (!cli_sentences_lines(&s->sentences, s->lines, count, error))
        return NULL;
    if (s->sentences.count == count)
        return s->sentences.text;
    base_fail(error, BASE_BAD_INPUT, "%s: found %zu lines, expected %zu as before", s->name,
              begin + s->sentences.count, s->count);
    return NULL;
}

/* All rows, `part` at a time. */
static bool give_parts(source *s, size_t part, float *rows, cli_progress *progress, take_rows *take,
                       void *context, base_error *error) {
    static const data_text no_text[AT_ONCE] = {{NULL, 0}};
    size_t truncated = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < s->count; i += part) {
        size_t count = s->count - i < part ? s->count - i : part, cut = 0;
        const data_text *text = s->model ? next_texts(s, i, count, error) : no_text;
        ok = text &&
             (s->model ? nn_model_encode(s->model, s->context, text, count,
                                         cli_size(s->arguments, "batch-tokens"), rows, &cut, error)
                       : read_rows(s, i, count, rows, error)) &&
             take(context, text, rows, count, error);
        base_profile_lap(s->arguments->profile, "file", "written", 0, 0);
        cli_progress_add(progress, count);
        truncated += cut;
    }
    if (ok && s->lines)
        data_line_reader_warn(s->lines);
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu tokens", truncated,
                 s->count, s->model->max_length);
    return ok;
}

/* The same with memory and progress. */
static bool give_rows(source *s, size_t part, take_rows *take, void *context, base_error *error) {
    const cli_arguments *a = s->arguments;
    part = s->count < part ? s->count : part;
    float *rows = base_alloc_rows(part, s->width, sizeof *rows, error);
    if (!rows)
        return false;
    cli_progress progress;
    cli_signals_watch();
    cli_progress_start(&progress, "sentences", s->count, !strcmp(cli_text(a, "out"), "-"));
    nn_context_profile(s->context, a->profile);
    nn_context_progress(s->context, &progress.report);
    bool ok = give_parts(s, part, rows, &progress, take, context, error);
    cli_progress_end(&progress);
    free(rows);
    return ok;
}

/* ---- quantizing ---- */

static bool see_rows(void *context, const data_text *text, const float *rows, size_t count,
                     base_error *error) {
    search_quantizer *q = context;
    (void)text, (void)error;
    for (size_t i = 0; i < count; i++)
        search_quantizer_see(q, rows + i * q->width);
    return true;
}

static bool calibrate(search_quantizer *q, const source *s, const nn_model *model,
                      base_error *error) {
    const char *file = cli_text(s->arguments, "calibrate");
    source other = {0};
    bool ok = open_source(&other, s->arguments, model, file, error);
    if (ok && other.width != q->width)
        ok = base_fail(error, BASE_BAD_INPUT, "%s has %zu columns, expected %zu as %s has", file,
                       other.width, q->width, s->name);
    if (ok && other.count == 0)
        ok =
            base_fail(error, BASE_BAD_INPUT, "%s is empty, expected vectors to calibrate by", file);
    ok = ok && give_rows(&other, AT_ONCE, see_rows, q, error);
    close_source(&other);
    return ok;
}

/* Ranges of so few rows say little of others, and those of one row nothing. */
static bool check_own_ranges(const source *s, base_error *error) {
    const char *precision = cli_text(s->arguments, "quantize");
    if (s->count < 2)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s has %s, expected more for the ranges of %s, or --calibrate FILE",
                         s->name, s->count ? "one row" : "no rows", precision);
    if (s->count < FEW_ROWS)
        base_log(BASE_LOG_WARNING,
                 "the ranges of %s are those of %zu rows: --calibrate FILE has more?", precision,
                 s->count);
    return true;
}

/* ---- writing ---- */

typedef struct sink {
    cli_vectors *out;
    search_quantizer *learns; /* its ranges are those of the rows: all rows come at once */
} sink;

static bool write_rows(void *context, const data_text *text, const float *rows, size_t count,
                       base_error *error) {
    sink *to = context;
    return (!to->learns || see_rows(to->learns, text, rows, count, error)) &&
           cli_vectors_add(to->out, text, rows, count, error);
}

/* Rows of a file that give the ranges themselves are read twice; those of a model are kept. */
static bool write_all(source *s, search_quantizer *q, base_error *error) {
    bool own = q && q->precision->ranges && q->seen == 0;
    if (own &&
        (!check_own_ranges(s, error) || (!s->model && !give_rows(s, AT_ONCE, see_rows, q, error))))
        return false;
    own = own && s->model;
    sink to = {cli_vectors_open(cli_text(s->arguments, "out"), s->count, s->width, q, error),
               own ? q : NULL};
    if (!to.out)
        return false;
    if (give_rows(s, own ? s->count : AT_ONCE, write_rows, &to, error))
        return cli_vectors_finish(to.out, error);
    cli_vectors_abandon(to.out);
    return false;
}

static bool write_quantized(source *s, const nn_model *model, const search_precision *precision,
                            base_error *error) {
    search_quantizer q;
    bool ok = search_quantizer_start(&q, precision, s->width, error) &&
              (!cli_text(s->arguments, "calibrate") || calibrate(&q, s, model, error)) &&
              write_all(s, &q, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: %zu vectors of %zu numbers, %zu bytes each as %s",
                 cli_text(s->arguments, "out"), s->count, s->width, search_quantized_size(&q),
                 precision->name);
    search_quantizer_free(&q);
    return ok;
}

static bool write_floats(source *s, base_error *error) {
    if (!write_all(s, NULL, error))
        return false;
    base_log(BASE_LOG_INFO, "%s: %zu vectors of %zu numbers", cli_text(s->arguments, "out"),
             s->count, s->width);
    return true;
}

/* ---- the command ---- */

static bool check(const cli_arguments *a, const search_precision *precision, bool vectors,
                  base_error *error) {
    if (!cli_text(a, "out"))
        return base_fail(error, BASE_BAD_INPUT, "encode: --out FILE is missing");
    if (cli_text(a, "calibrate") && !(precision && precision->ranges))
        return base_fail(error, BASE_BAD_INPUT,
                         "encode: --calibrate goes with --quantize int8 or uint8");
    if (vectors && (a->operand_count > 1 || cli_text(a, "prompt") || cli_text(a, "prompt-name") ||
                    cli_count(a, "batch-tokens")))
        return base_fail(error, BASE_BAD_INPUT,
                         "encode: %s has vectors, expected no FILE, no prompt and no "
                         "--batch-tokens with it",
                         a->operand[0]);
    if (a->operand_count > 1 && base_ends_with(a->operand[1], ".npy"))
        return base_fail(error, BASE_BAD_INPUT, "encode: found MODEL and %s, expected one of them",
                         a->operand[1]);
    return cli_vectors_check(cli_text(a, "out"), error);
}

static bool run(const cli_arguments *a, base_error *error) {
    const char *name = cli_text(a, "quantize");
    bool vectors = base_ends_with(a->operand[0], ".npy");
    const search_precision *precision = name ? search_precision_find(name, error) : NULL;
    if (!base_ok(error) || !check(a, precision, vectors, error))
        return false;
    nn_model *model = vectors ? NULL : cli_model_load(a, a->operand[0], error);
    const char *file = vectors ? a->operand[0] : a->operand_count > 1 ? a->operand[1] : "-";
    source s = {0};
    base_profile_lap(a->profile, "model", "", 0, 0);
    bool ok = base_ok(error) && open_source(&s, a, model, file, error);
    base_profile_lap(a->profile, "file", "read", 0, 0);
    ok = ok && (precision ? write_quantized(&s, model, precision, error) : write_floats(&s, error));
    close_source(&s);
    nn_model_free(model);
    return ok;
}

const cli_command cli_command_encode = {
    .name = "encode",
    .summary = "Sentences to vectors, one a line",
    .usage = "MODEL [FILE|-] --out FILE.npy|.tsv|.jsonl|- | VECTORS.npy --out FILE",
    .details =
        "Row i of the output is line i of FILE (default: standard input; plain or gzipped);\n"
        "an empty line is an empty sentence. Vectors made before can be quantized, cut or written\n"
        "in another format without a model.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .computes = true,
    .run = run,
};
