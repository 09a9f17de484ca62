#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/sentences.h"
#include "cli/signals.h"
#include "cli/vectors.h"
#include "nn/model.h"

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 4096, MAX_TOKENS = 1 << 20 };

static const cli_option options[] = {
    {"out", CLI_OUT, "FILE", NULL,
     "file to write: .npy, .tsv or .jsonl; -: standard output, as .tsv", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"batch-tokens", CLI_SIZE, "N", "0", "tokens of one pass, about; 0: chosen by the program", 0,
     MAX_TOKENS},
    CLI_MODEL_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* Sentences AT_ONCE at a time, so that memory for vectors stays small. */
static bool encode_parts(const cli_arguments *a, const nn_model *model, nn_context *context,
                         const cli_sentences *s, cli_vectors *out, cli_progress *progress,
                         base_error *error) {
    size_t part = s->count < AT_ONCE ? s->count : AT_ONCE, truncated = 0, bytes;
    float *rows =
        base_size_mul(model->encoded, sizeof *rows, &bytes) ? base_alloc(part, bytes, error) : NULL;
    bool ok = rows != NULL;
    for (size_t i = 0; ok && i < s->count; i += part) {
        size_t count = s->count - i < part ? s->count - i : part, cut = 0;
        ok = nn_model_encode(model, context, s->text + i, count, cli_size(a, "batch-tokens"), rows,
                             &cut, error) &&
             cli_vectors_add(out, s->text + i, rows, count, error);
        base_profile_lap(a->profile, "file", "written", 0, 0);
        cli_progress_add(progress, count);
        truncated += cut;
    }
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu tokens", truncated,
                 s->count, model->max_length);
    free(rows);
    return ok;
}

static bool encode_all(const cli_arguments *a, const nn_model *model, const cli_sentences *s,
                       cli_vectors *out, base_error *error) {
    nn_context *context = nn_context_new(error);
    if (!context)
        return false;
    cli_progress progress;
    cli_signals_watch();
    cli_progress_start(&progress, "sentences", s->count, !strcmp(cli_text(a, "out"), "-"));
    nn_context_profile(context, a->profile);
    nn_context_progress(context, &progress.report);
    bool ok = encode_parts(a, model, context, s, out, &progress, error);
    cli_progress_end(&progress);
    nn_context_free(context);
    return ok;
}

static bool encode(const cli_arguments *a, const nn_model *model, const cli_sentences *s,
                   base_error *error) {
    cli_vectors *out = cli_vectors_open(cli_text(a, "out"), s->count, model->encoded, error);
    if (!out)
        return false;
    if (encode_all(a, model, s, out, error))
        return cli_vectors_finish(out, error);
    cli_vectors_abandon(out);
    return false;
}

static bool run(const cli_arguments *a, base_error *error) {
    cli_sentences s = {0};
    if (!cli_text(a, "out"))
        return base_fail(error, BASE_BAD_INPUT, "encode: --out FILE is missing");
    if (!cli_vectors_check(cli_text(a, "out"), error))
        return false;
    nn_model *model = cli_model_load(a, a->operand[0], error);
    base_profile_lap(a->profile, "model", "", 0, 0);
    bool ok = model && cli_sentences_file(&s, a->operand_count > 1 ? a->operand[1] : "-", error);
    base_profile_lap(a->profile, "file", "read", 0, 0);
    ok = ok && encode(a, model, &s, error);
    if (ok)
        base_log(BASE_LOG_INFO, "%s: %zu vectors of %zu numbers", cli_text(a, "out"), s.count,
                 model->encoded);
    cli_sentences_free(&s);
    nn_model_free(model);
    return ok;
}

const cli_command cli_command_encode = {
    .name = "encode",
    .summary = "Sentences to vectors, one a line",
    .usage = "MODEL [FILE|-] --out FILE.npy|.tsv|.jsonl|-",
    .details =
        "Row i of the output is line i of FILE (default: standard input; plain or gzipped);\n"
        "an empty line is an empty sentence.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = 2,
    .computes = true,
    .run = run,
};
