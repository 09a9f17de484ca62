#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/pairs.h"
#include "cli/progress.h"
#include "cli/sentences.h"
#include "cli/signals.h"
#include "eval/similarity.h"
#include "heatmap/heatmap.h"
#include "nn/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_SENTENCES = 5000 };

static const cli_option options[] = {
    {"file", CLI_TEXT, "FILE", NULL, "more sentences, one a line; -: standard input", 0, 0},
    {"pairs", CLI_TEXT, "FILE", NULL,
     "instead: the similarity of each pair of a table with sentence1 and sentence2, a line each", 0,
     0},
    CLI_PAIRS_OPTIONS,
    CLI_MODEL_OPTIONS,
    {"svg", CLI_OUT, "FILE", NULL, "write a heat map as a picture", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"range", CLI_TEXT, "LOW:HIGH", "from 0, or the smallest cosine, to 1",
     "cosines at the ends of the heat map's colours", 0, 0},
    {"json", CLI_FLAG, NULL, NULL,
     "one JSON object: sentences, and the table by its name, such as \"cosine\"", 0, 0},
};

static bool embed(const nn_model *model, nn_context *context, const cli_sentences *s, float *rows,
                  base_error *error) {
    size_t truncated = 0;
    cli_progress progress;
    cli_progress_start(&progress, "sentences", s->count, false);
    nn_context_progress(context, &progress.report);
    bool ok = nn_model_encode(model, context, s->text, s->count, 0, rows, &truncated, error);
    cli_progress_end(&progress);
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu sentences were cut to %zu tokens", truncated,
                 s->count, model->max_length);
    return ok;
}

static bool fill_similarities(const nn_model *model, const cli_sentences *s, double *cosine,
                              base_error *error) {
    size_t bytes, width = model->encoded, n = s->count;
    eval_similarity_kind kind = eval_similarity_find(model->similarity);
    float *rows = base_size_mul(width, sizeof *rows, &bytes) ? base_alloc(n, bytes, error) : NULL;
    nn_context *context = nn_context_new(error);
    bool ok = rows && context && embed(model, context, s, rows, error);
    for (size_t i = 0; ok && i < n; i++) {
        for (size_t j = i; j < n; j++)
            cosine[i * n + j] = cosine[j * n + i] =
                eval_similarity(kind, rows + i * width, rows + j * width, width);
        ok = cli_signal() == 0;
    }
    nn_context_free(context);
    free(rows);
    return ok;
}

static bool print_table(const cli_sentences *s, const double *cosine, base_error *error) {
    base_bytes line = {0};
    bool ok = true;
    printf("%5s", "");
    for (size_t j = 0; j < s->count; j++)
        printf(" %5zu", j + 1);
    for (size_t i = 0; ok && i < s->count; i++) {
        printf("\n%5zu", i + 1);
        for (size_t j = 0; j < s->count; j++) {
            double value = cosine[i * s->count + j];
            printf(" %5.2f", fabs(value) < 0.005 ? 0 : value); /* never "-0.00" */
        }
        line.size = 0;
        ok = base_bytes_escape(&line, s->text[i].bytes, s->text[i].size, error) &&
             printf("  %s", line.data) >= 0 && cli_signal() == 0;
    }
    putchar('\n');
    base_bytes_free(&line);
    return ok;
}

static bool print_json(const cli_sentences *s, const char *kind, const double *cosine,
                       base_error *error) {
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = error, .style = BASE_JSON_SPACED};
    base_json_open(&w, NULL, '{');
    base_json_open(&w, "sentences", '[');
    for (size_t i = 0; i < s->count; i++)
        base_json_put_text(&w, NULL, s->text[i].bytes, s->text[i].size);
    base_json_close(&w, ']');
    base_json_open(&w, kind, '[');
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

/* Colours of other functions than cosine go from the least to the largest. */
static bool write_svg(const char *path, const heatmap_range *range, eval_similarity_kind kind,
                      const cli_sentences *s, const double *cosine, base_error *error) {
    base_bytes svg = {0};
    heatmap_range whole = {cosine[0], cosine[0]};
    for (size_t i = 1; i < s->count * s->count; i++) {
        whole.low = fmin(whole.low, cosine[i]);
        whole.high = fmax(whole.high, cosine[i]);
    }
    if (!range && kind != EVAL_COSINE && whole.low < whole.high)
        range = &whole;
    heatmap picture = {s->text, s->count, &(heatmap_panel){NULL, cosine}, 1, range, "cosine"};
    bool ok = heatmap_svg(&svg, &picture, error) &&
              base_file_write(path, svg.data, svg.size, error);
    base_bytes_free(&svg);
    return ok;
}

static bool compare(const cli_arguments *a, const cli_sentences *s, const heatmap_range *range,
                    base_error *error) {
    const char *svg = cli_text(a, "svg");
    if (s->count == 0 || s->count > MAX_SENTENCES)
        return base_fail(error, BASE_BAD_INPUT, "similarity: found %zu sentences, expected 1 to %d",
                         s->count, MAX_SENTENCES);
    if (svg && s->count > HEATMAP_MAX)
        return base_fail(error, BASE_BAD_INPUT,
                         "similarity: found %zu sentences, a heat map takes %d at most", s->count,
                         HEATMAP_MAX);
    nn_model *model = cli_model_load(a, a->operand[0], error);
    double *cosine = base_alloc(s->count * s->count, sizeof *cosine, error);
    cli_signals_watch();
    bool ok = model && cosine && fill_similarities(model, s, cosine, error) &&
              (!svg ||
               write_svg(svg, range, eval_similarity_find(model->similarity), s, cosine, error)) &&
              (cli_flag(a, "json") ? print_json(s, model->similarity, cosine, error)
                                   : print_table(s, cosine, error));
    nn_model_free(model);
    free(cosine);
    return ok;
}

static bool compare_sentences(const cli_arguments *a, base_error *error) {
    const char *file = cli_text(a, "file");
    cli_sentences s = {0};
    heatmap_range range;
    bool ok = cli_range(a, "range", ':', &range.low, &range.high, error) &&
              cli_sentences_words(&s, a->operand + 1, a->operand_count - 1, error) &&
              (!file || cli_sentences_file(&s, file, error)) &&
              compare(a, &s, cli_text(a, "range") ? &range : NULL, error);
    cli_sentences_free(&s);
    return ok;
}

static bool print_similarities(void *context, size_t first, size_t count, const float *u,
                               const float *v, base_error *error) {
    const nn_model *model = context;
    size_t width = model->encoded;
    eval_similarity_kind kind = eval_similarity_find(model->similarity);
    (void)first, (void)error;
    for (size_t i = 0; i < count; i++)
        printf("%.6f\n", eval_similarity(kind, u + i * width, v + i * width, width));
    return true;
}

static bool compare_pairs(const cli_arguments *a, base_error *error) {
    if (a->operand_count > 1 || cli_text(a, "file") || cli_text(a, "svg") || cli_flag(a, "json"))
        return base_fail(error, BASE_BAD_INPUT,
                         "similarity: --pairs goes with no SENTENCE, --file, --svg or --json");
    nn_model *model = cli_pairs_check(a, error) ? cli_model_load(a, a->operand[0], error) : NULL;
    bool ok =
        model && cli_pairs_embed(a, cli_text(a, "pairs"), model, print_similarities, model, error);
    nn_model_free(model);
    return ok;
}

static bool run(const cli_arguments *a, base_error *error) {
    return cli_goes_with(a, "range", "svg", error) && cli_goes_with(a, "columns", "pairs", error) &&
           cli_goes_with(a, "no-header", "pairs", error) &&
           cli_goes_with(a, "format", "pairs", error) &&
           (cli_text(a, "pairs") ? compare_pairs(a, error) : compare_sentences(a, error));
}

const cli_command cli_command_similarity = {
    .name = "similarity",
    .summary = "Cosine similarity of sentences, as a table and a heat map",
    .usage = "MODEL [SENTENCE...] [--file FILE|-] [--svg FILE.svg] [--json] | MODEL --pairs FILE|-",
    .details = "The table has every sentence with every other, by the model's function: cosine "
               "unless its\n"
               "similarity_fn_name says dot, euclidean or manhattan (distances are negative). With "
               "--pairs a\n"
               "line has the similarity of one\n"
               "row of FILE, in the order of the file.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 1,
    .operands_high = MAX_SENTENCES + 1,
    .computes = true,
    .run = run,
};
