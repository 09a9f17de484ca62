#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/model.h"
#include "cli/pairs.h"
#include "cli/progress.h"
#include "cli/sentences.h"
#include "cli/signals.h"
#include "heatmap/heatmap.h"
#include "nn/model.h"
#include "search/similarity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_SENTENCES = 5000 };

static const cli_option options[] = {
    {"compare", CLI_WORDS, "MODEL", NULL,
     "two or more models on the same sentences, which stand before it or behind --", 0, 0},
    {"file", CLI_TEXT, "FILE", NULL, "more sentences, one a line; -: standard input", 0, 0},
    {"pairs", CLI_TEXT, "FILE", NULL,
     "instead: the similarity of each pair of a table with sentence1 and sentence2, a line each", 0,
     0},
    CLI_PAIRS_OPTIONS,
    CLI_MODEL_OPTIONS,
    {"svg", CLI_OUT, "FILE", NULL, "write a heat map as a picture, one for each model", 0, 0},
    CLI_OVERWRITE_OPTION,
    {"range", CLI_TEXT, "LOW:HIGH", "from 0, or the smallest cosine, to 1",
     "numbers at the ends of the heat map's colours", 0, 0},
    {"json", CLI_FLAG, NULL, NULL,
     "one JSON object: sentences, and the table by its name, such as \"cosine\"; with --compare a "
     "list of models with theirs",
     0, 0},
};

/* Every sentence with every other, by one model. */
typedef struct table {
    const char *model; /* its folder */
    search_similarity_kind kind;
    double *value; /* [count * count] of the sentences */
} table;

typedef struct comparison {
    const cli_arguments *arguments;
    cli_sentences sentences;
    table *tables;
    size_t count;
    bool several; /* models were given by --compare */
} comparison;

/* ---- computing ---- */

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

static bool fill_table(table *t, const nn_model *model, const cli_sentences *s, base_error *error) {
    size_t width = model->encoded, n = s->count;
    float *rows = base_alloc_rows(n, width, sizeof *rows, error);
    nn_context *context = nn_context_new(error);
    t->kind = search_similarity_find(model->similarity);
    t->value = base_alloc(n * n, sizeof *t->value, error);
    bool ok = rows && context && t->value && embed(model, context, s, rows, error);
    for (size_t i = 0; ok && i < n; i++) {
        for (size_t j = i; j < n; j++)
            t->value[i * n + j] = t->value[j * n + i] =
                search_similarity(t->kind, rows + i * width, rows + j * width, width);
        ok = cli_signal() == 0;
    }
    nn_context_free(context);
    free(rows);
    return ok;
}

/* One model after the other, so that one at a time is in memory. */
static bool fill_tables(comparison *c, base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < c->count; i++) {
        nn_model *model = cli_model_load(c->arguments, c->tables[i].model, error);
        ok = model && fill_table(&c->tables[i], model, &c->sentences, error);
        nn_model_free(model);
    }
    return ok;
}

/* ---- showing ---- */

static bool print_table(const cli_sentences *s, const table *t, base_error *error) {
    base_bytes line = {0};
    bool ok = true;
    printf("%5s", "");
    for (size_t j = 0; j < s->count; j++)
        printf(" %5zu", j + 1);
    for (size_t i = 0; ok && i < s->count; i++) {
        printf("\n%5zu", i + 1);
        for (size_t j = 0; j < s->count; j++) {
            double value = t->value[i * s->count + j];
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

static bool print_tables(const comparison *c, base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < c->count; i++) {
        const table *t = &c->tables[i];
        if (c->several)
            printf("%s%s, %s\n", i ? "\n" : "", t->model, search_similarity_name(t->kind));
        ok = print_table(&c->sentences, t, error);
    }
    return ok;
}

static void put_table(base_json_writer *w, const table *t, size_t n) {
    base_json_open(w, search_similarity_name(t->kind), '[');
    for (size_t i = 0; i < n; i++) {
        base_json_open(w, NULL, '[');
        for (size_t j = 0; j < n; j++)
            base_json_put_number(w, NULL, t->value[i * n + j], 9);
        base_json_close(w, ']');
    }
    base_json_close(w, ']');
}

static void put_models(base_json_writer *w, const comparison *c) {
    base_json_open(w, "models", '[');
    for (size_t i = 0; i < c->count; i++) {
        base_json_open(w, NULL, '{');
        base_json_put_string(w, "model", c->tables[i].model);
        put_table(w, &c->tables[i], c->sentences.count);
        base_json_close(w, '}');
    }
    base_json_close(w, ']');
}

static bool print_json(const comparison *c, base_error *error) {
    const cli_sentences *s = &c->sentences;
    base_bytes out = {0};
    base_json_writer w = {.out = &out, .error = error, .style = BASE_JSON_SPACED};
    base_json_open(&w, NULL, '{');
    base_json_open(&w, "sentences", '[');
    for (size_t i = 0; i < s->count; i++)
        base_json_put_text(&w, NULL, s->text[i].bytes, s->text[i].size);
    base_json_close(&w, ']');
    if (c->several)
        put_models(&w, c);
    else
        put_table(&w, c->tables, s->count);
    base_json_close(&w, '}');
    bool ok = base_ok(error) && base_bytes_add(&out, "\n", 1, error);
    if (ok)
        fputs(out.data, stdout);
    base_bytes_free(&out);
    return ok;
}

/* Colours of other functions than cosine go from the least to the largest. */
static bool has_range(const comparison *c, heatmap_range *range, base_error *error) {
    size_t n = c->sentences.count;
    if (cli_text(c->arguments, "range"))
        return cli_range(c->arguments, "range", ':', &range->low, &range->high, error);
    if (c->tables[0].kind == SEARCH_COSINE)
        return false;
    *range = (heatmap_range){c->tables[0].value[0], c->tables[0].value[0]};
    for (size_t i = 0; i < c->count; i++)
        for (size_t j = 0; j < n * n; j++) {
            range->low = fmin(range->low, c->tables[i].value[j]);
            range->high = fmax(range->high, c->tables[i].value[j]);
        }
    return range->low < range->high;
}

static bool write_svg(const comparison *c, const char *path, base_error *error) {
    const cli_sentences *s = &c->sentences;
    const char *scale = search_similarity_name(c->tables[0].kind);
    for (size_t i = 1; i < c->count; i++)
        if (c->tables[i].kind != c->tables[0].kind)
            return base_fail(error, BASE_BAD_INPUT,
                             "similarity: %s compares by %s and %s by %s, expected one function "
                             "for the colours of --svg",
                             c->tables[0].model, scale, c->tables[i].model,
                             search_similarity_name(c->tables[i].kind));
    heatmap_panel *panels = base_alloc(c->count, sizeof *panels, error);
    for (size_t i = 0; panels && i < c->count; i++)
        panels[i] = (heatmap_panel){c->several ? c->tables[i].model : NULL, c->tables[i].value};
    heatmap_range range;
    bool ranged = has_range(c, &range, error);
    base_bytes svg = {0};
    heatmap picture = {s->text, s->count, panels, c->count, ranged ? &range : NULL, scale};
    bool ok = base_ok(error) && heatmap_svg(&svg, &picture, error) &&
              base_file_write(path, svg.data, svg.size, error);
    base_bytes_free(&svg);
    free(panels);
    return ok;
}

/* ---- sentences ---- */

/* The models' folders, and the sentences of the command line. */
static bool take_words(comparison *c, base_error *error) {
    const cli_arguments *a = c->arguments;
    size_t first = c->several ? 0 : 1;
    c->count = c->several ? cli_count(a, "compare") : 1;
    if (c->several && c->count < 2)
        return base_fail(error, BASE_BAD_INPUT,
                         "similarity: --compare has one model, expected two or more");
    if (a->operand_count < first)
        return base_fail(error, BASE_BAD_INPUT, "similarity: found no MODEL and no --compare");
    if (!(c->tables = base_alloc(c->count, sizeof *c->tables, error)))
        return false;
    for (size_t i = 0; i < c->count; i++)
        c->tables[i].model = c->several ? cli_value(a, "compare", i) : a->operand[0];
    return cli_sentences_words(&c->sentences, a->operand + first, a->operand_count - first, error);
}

static bool check_count(const comparison *c, bool svg, base_error *error) {
    size_t n = c->sentences.count;
    if (n == 0 || n > MAX_SENTENCES)
        return base_fail(error, BASE_BAD_INPUT, "similarity: found %zu sentences, expected 1 to %d",
                         n, MAX_SENTENCES);
    return !svg || n <= HEATMAP_MAX ||
           base_fail(error, BASE_BAD_INPUT,
                     "similarity: found %zu sentences, a heat map takes %d at most", n,
                     HEATMAP_MAX);
}

static bool compare_sentences(const cli_arguments *a, base_error *error) {
    const char *file = cli_text(a, "file"), *svg = cli_text(a, "svg");
    comparison c = {.arguments = a, .several = cli_flag(a, "compare")};
    heatmap_range range;
    bool ok = cli_range(a, "range", ':', &range.low, &range.high, error) && take_words(&c, error) &&
              (!file || cli_sentences_file(&c.sentences, file, error)) &&
              check_count(&c, svg, error);
    if (ok) {
        cli_signals_watch();
        ok = fill_tables(&c, error) && (!svg || write_svg(&c, svg, error)) &&
             (cli_flag(a, "json") ? print_json(&c, error) : print_tables(&c, error));
    }
    for (size_t i = 0; c.tables && i < c.count; i++)
        free(c.tables[i].value);
    free(c.tables);
    cli_sentences_free(&c.sentences);
    return ok;
}

/* ---- pairs ---- */

static bool print_similarities(void *context, size_t first, size_t count, const float *const *of,
                               base_error *error) {
    const nn_model *model = context;
    size_t width = model->encoded;
    search_similarity_kind kind = search_similarity_find(model->similarity);
    (void)first, (void)error;
    for (size_t i = 0; i < count; i++)
        printf("%.6f\n", search_similarity(kind, of[0] + i * width, of[1] + i * width, width));
    return true;
}

static bool compare_pairs(const cli_arguments *a, base_error *error) {
    if (a->operand_count != 1 || cli_text(a, "file") || cli_text(a, "svg") || cli_flag(a, "json") ||
        cli_flag(a, "compare"))
        return base_fail(error, BASE_BAD_INPUT,
                         "similarity: --pairs goes with one MODEL and no SENTENCE, --file, --svg, "
                         "--json or --compare");
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
    .usage =
        "MODEL [SENTENCE...] [--file FILE|-] [--svg FILE.svg] [--json] | [SENTENCE...] --compare "
        "MODEL... | MODEL --pairs FILE|-",
    .details =
        "The table has every sentence with every other, by the model's function: cosine unless "
        "its\n"
        "similarity_fn_name says dot, euclidean or manhattan (distances are negative). --compare\n"
        "shows a table for each model, and their heat maps side by side, with the same colours.\n"
        "With --pairs a line has the similarity of one row of FILE, in the order of the file.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 0,
    .operands_high = MAX_SENTENCES + 1,
    .computes = true,
    .run = run,
};
