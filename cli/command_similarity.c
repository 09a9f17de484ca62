#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "cli/sentences.h"
#include "cli/signals.h"
#include "eval/similarity.h"
#include "heatmap/heatmap.h"
#include "nn/model.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SENTENCES = 5000 };

static const cli_option options[] = {
    {"file", CLI_TEXT, "FILE", NULL, "more sentences, one a line (\"-\": standard input)", 0, 0},
    {"svg", CLI_TEXT, "FILE", NULL, "write a heat map as a picture", 0, 0},
    {"json", CLI_FLAG, NULL, NULL, "one JSON object: sentences, cosine", 0, 0},
};

static bool fill_cosines(const nn_model *model, const cli_sentences *s, double *cosine,
                         base_error *error) {
    size_t bytes, width = model->width, truncated = 0;
    float *rows =
        base_size_mul(width, sizeof *rows, &bytes) ? base_alloc(s->count, bytes, error) : NULL;
    nn_context *context = nn_context_new(error);
    cli_progress progress;
    cli_progress_start(&progress, "sentences", s->count, false);
    cli_signals_watch();
    if (context)
        nn_context_progress(context, &progress.report);
    bool ok = rows && context &&
              nn_model_encode(model, context, s->text, s->count, 0, rows, &truncated, error);
    cli_progress_end(&progress);
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu tokens", truncated,
                 s->count, model->max_length);
    for (size_t i = 0; ok && i < s->count * s->count; i++)
        cosine[i] = eval_similarity(EVAL_COSINE, rows + i / s->count * width,
                                    rows + i % s->count * width, width);
    nn_context_free(context);
    free(rows);
    return ok;
}

static void print_table(const cli_sentences *s, const double *cosine) {
    printf("%5s", "");
    for (size_t j = 0; j < s->count; j++)
        printf(" %5zu", j + 1);
    putchar('\n');
    for (size_t i = 0; i < s->count; i++) {
        printf("%5zu", i + 1);
        for (size_t j = 0; j < s->count; j++)
            printf(" %5.2f", cosine[i * s->count + j]);
        printf("  %.*s\n", (int)s->text[i].size, s->text[i].bytes);
    }
}

static bool print_json(const cli_sentences *s, const double *cosine, base_error *error) {
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = error, .style = BASE_JSON_SPACED};
    base_json_open(&w, NULL, '{');
    base_json_open(&w, "sentences", '[');
    for (size_t i = 0; i < s->count; i++)
        base_json_put_text(&w, NULL, s->text[i].bytes, s->text[i].size);
    base_json_close(&w, ']');
    base_json_open(&w, "cosine", '[');
    for (size_t i = 0; i < s->count; i++) {
        base_json_open(&w, NULL, '[');
        for (size_t j = 0; j < s->count; j++)
            base_json_put_number(&w, NULL, cosine[i * s->count + j], 9);
        base_json_close(&w, ']');
    }
    base_json_close(&w, ']');
    base_json_close(&w, '}');
    bool ok = base_ok(error) && base_bytes_add(&out, "\n", 1, error);
    if (ok)
        fputs(out.data, stdout);
    base_bytes_free(&out);
    return ok;
}

static bool write_svg(const char *path, const cli_sentences *s, const double *cosine,
                      base_error *error) {
    base_bytes svg = {0};
    bool ok = heatmap_svg(&svg, s->text, s->count, cosine, error) &&
              base_file_write(path, svg.data, svg.size, error);
    base_bytes_free(&svg);
    return ok;
}

static bool compare(const cli_arguments *a, const cli_sentences *s, base_error *error) {
    const char *svg = cli_text(a, "svg");
    if (s->count == 0 || s->count > MAX_SENTENCES)
        return base_fail(error, BASE_BAD_INPUT, "similarity: found %zu sentences, expected 1 to %d",
                         s->count, MAX_SENTENCES);
    if (svg && s->count > HEATMAP_MAX)
        return base_fail(error, BASE_BAD_INPUT,
                         "similarity: found %zu sentences, a heat map takes %d at most", s->count,
                         HEATMAP_MAX);
    nn_model *model = nn_model_load(a->operand[0], NULL, error);
    double *cosine = base_alloc(s->count * s->count, sizeof *cosine, error);
    bool ok = model && cosine && fill_cosines(model, s, cosine, error) &&
              (!svg || write_svg(svg, s, cosine, error));
    if (ok && cli_flag(a, "json"))
        ok = print_json(s, cosine, error);
    else if (ok)
        print_table(s, cosine);
    nn_model_free(model);
    free(cosine);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    cli_sentences s = {0};
    const char *file = cli_text(a, "file");
    bool ok = cli_sentences_words(&s, a->operand + 1, a->operand_count - 1, error) &&
              (!file || cli_sentences_file(&s, file, error)) && compare(a, &s, error);
    cli_sentences_free(&s);
    return ok;
}

const cli_command cli_command_similarity = {
    .name = "similarity",
    .summary = "Cosine similarity of sentences, as a table and a heat map",
    .usage = "MODEL [SENTENCE...] [--file FILE] [--svg FILE.svg] [--json]",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = MAX_SENTENCES + 1,
    .computes = true,
    .run = run,
};
