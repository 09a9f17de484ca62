#define _POSIX_C_SOURCE 200809L
#include "base/log.h"
#include "cli/command.h"
#include "cli/corpus.h"
#include "cli/cross.h"
#include "cli/model.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/similarity.h"
#include "cli/table.h"
#include "data/line_reader.h"
#include "data/reader.h"
#include "search/topk.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of a block of queries, so that memory for hits is bounded. */
enum { MOST_QUERIES = 4096, MOST_HITS = 1 << 22, MOST_RERANKED = 1 << 10 };

static const cli_option options[] = {
    {"top-k", CLI_SIZE, "N", "10", "the N most similar rows of each query", 1, CLI_SIZE_MAX},
    {"threshold", CLI_TEXT, "X", "none", "leave out rows whose similarity is below X", 0, 0},
    {"rerank", CLI_TEXT, "CROSS_ENCODER", NULL,
     "put the hits of each query in the order of this model's scores, which are shown", 0, 0},
    CLI_SIMILARITY_OPTION,
    CLI_CORPUS_OPTIONS,
    CLI_ID_OPTION,
    {"query-column", CLI_TEXT, "NAME", "a text a line",
     "QUERIES is a table or JSON lines, and its texts stand in this column", 0, 0},
    CLI_QUERY_OPTIONS,
    CLI_MODEL_OPTIONS,
    CLI_TABLE_OPTIONS,
    CLI_PROFILE_OPTION,
};

typedef struct searcher {
    const cli_arguments *arguments;
    nn_model *model;    /* NULL: both sides are vectors */
    data_prompt prompt; /* of queries */
    cli_corpus corpus;
    search_similarity_kind kind;
    size_t k;
    double threshold;
    cli_table *table;
    cli_cross cross; /* of --rerank */
} searcher;

/* ---- answers ---- */

static bool put_hit(const searcher *s, size_t query, size_t rank, const search_hit *hit) {
    cli_table_size(s->table, query + 1);
    cli_table_size(s->table, rank + 1);
    cli_table_number(s->table, hit->score, 7);
    cli_table_size(s->table, hit->row + 1);
    if (s->corpus.id)
        cli_table_text(s->table, cli_corpus_id(&s->corpus, hit->row));
    if (s->corpus.sentences.count)
        cli_table_text(s->table, cli_corpus_text(&s->corpus, hit->row));
    return cli_table_end_row(s->table);
}

/* The hits of a query whose similarity is above the threshold come first. */
static size_t count_shown(const searcher *s, const search_hit *hits) {
    size_t n = 0;
    while (n < s->k && hits[n].score >= s->threshold)
        n++;
    return n;
}

/* Pairs of the queries and their hits, as the cross-encoder scores and orders them. */
static bool score_hits(searcher *s, const data_text *query, cli_candidate *candidates, size_t count,
                       base_error *error) {
    data_text *first = base_alloc(count, 2 * sizeof *first, error);
    data_text *second = first ? first + count : NULL;
    float *score = first ? base_alloc(count, sizeof *score, error) : NULL;
    for (size_t i = 0; score && i < count; i++) {
        first[i] = query[candidates[i].query];
        second[i] = cli_corpus_text(&s->corpus, candidates[i].row);
    }
    bool ok = score && cli_cross_score(&s->cross, first, second, count, score, error);
    for (size_t i = 0; ok && i < count; i++)
        candidates[i].score = score[i];
    if (ok)
        cli_candidates_sort(candidates, count);
    free(first);
    free(score);
    return ok;
}

/* Orders the shown hits of each query anew. */
static bool rerank(searcher *s, const data_text *query, size_t queries, search_hit *hits,
                   const size_t *shown, base_error *error) {
    size_t count = 0;
    cli_candidate *candidates = base_alloc_rows(queries, s->k, sizeof *candidates, error);
    for (size_t q = 0; candidates && q < queries; q++)
        for (size_t i = 0; i < shown[q]; i++)
            candidates[count++] = (cli_candidate){0, q, hits[q * s->k + i].row};
    bool ok = candidates && score_hits(s, query, candidates, count, error);
    for (size_t q = 0, at = 0; ok && q < queries; q++)
        for (size_t i = 0; i < shown[q]; i++, at++)
            hits[q * s->k + i] = (search_hit){candidates[at].row, (double)candidates[at].score};
    base_profile_lap(s->arguments->watch, "rerank", "", 0, 0);
    free(candidates);
    return ok;
}

/* Answers queries, of which `before` stand before the first; `text`: theirs, NULL: vectors alone.
 */
static bool answer(searcher *s, const search_vectors *queries, const data_text *text, size_t before,
                   const base_progress *progress, base_error *error) {
    search_hit *hits = base_alloc_rows(queries->count, s->k, sizeof *hits, error);
    bool ok =
        hits && search_topk(queries, &s->corpus.vectors, s->kind, s->k, hits, progress, error);
    size_t *shown = ok ? base_alloc(queries->count, sizeof *shown, error) : NULL;
    base_profile_lap(s->arguments->watch, "search", "", 0, 0);
    for (size_t q = 0; shown && q < queries->count; q++)
        shown[q] = count_shown(s, hits + q * s->k);
    ok = shown && (!s->cross.model || rerank(s, text, queries->count, hits, shown, error));
    for (size_t q = 0; ok && q < queries->count; q++)
        for (size_t i = 0; ok && i < shown[q]; i++)
            ok = put_hit(s, before + q, i, &hits[q * s->k + i]);
    base_profile_lap(s->arguments->watch, "results", "", 0, 0);
    free(shown);
    free(hits);
    return ok;
}

/* After the queries are there, so that nothing is shown when they are not. */
static bool open_table(searcher *s, base_error *error) {
    static const char *const columns[][7] = {
        {"query", "rank", "score", "row", NULL},
        {"query", "rank", "score", "row", "text", NULL},
        {"query", "rank", "score", "row", "id", "text", NULL},
    };
    size_t kind = s->corpus.id ? 2 : s->corpus.sentences.count > 0;
    const char *out = cli_text(s->arguments, "out");
    s->table =
        cli_table_open(out ? out : "-", cli_flag(s->arguments, "json"), columns[kind], error);
    return s->table != NULL;
}

/* ---- queries of a file ---- */

static bool answer_blocks(searcher *s, const search_vectors *queries, const data_text *text,
                          base_error *error) {
    const char *out = cli_text(s->arguments, "out");
    size_t hits = s->cross.model ? MOST_RERANKED : MOST_HITS;
    size_t most = hits / s->k < MOST_QUERIES ? hits / s->k : MOST_QUERIES;
    cli_progress progress;
    if (!open_table(s, error))
        return false;
    cli_progress_start(&progress, "queries", queries->count, !out || !strcmp(out, "-"));
    bool ok = true;
    most = most ? most : 1;
    for (size_t i = 0, count; ok && i < queries->count; i += count) {
        count = queries->count - i < most ? queries->count - i : most;
        search_vectors block = search_vectors_part(queries, i, count);
        ok = answer(s, &block, text ? text + i : NULL, i, &progress.report, error);
        cli_progress_add(&progress, count);
    }
    cli_progress_end(&progress);
    return ok;
}

static bool read_queries(const searcher *s, cli_sentences *texts, const char *file,
                         base_error *error) {
    const char *column = cli_text(s->arguments, "query-column");
    data_reader_options reader = {.format = cli_text(s->arguments, "format"),
                                  .columns = 1,
                                  .column = {column},
                                  .no_header = cli_flag(s->arguments, "no-header")};
    bool ok = column ? cli_sentences_take(texts, data_read(file, &reader, error), error)
                     : cli_sentences_file(texts, file, error);
    return ok && (texts->count > 0 ||
                  base_fail(error, BASE_BAD_INPUT, "%s is empty, expected a query a line", file));
}

static bool answer_texts(searcher *s, const char *file, base_error *error) {
    cli_sentences texts = {0};
    float *rows = NULL;
    bool ok = read_queries(s, &texts, file, error) &&
              (rows = cli_corpus_encode(s->arguments, s->model, &s->prompt, texts.text, texts.count,
                                        error));
    base_profile_lap(s->arguments->watch, "queries", "", 0, 0);
    if (ok) {
        search_vectors queries = search_vectors_of(file, rows, texts.count, s->model->encoded);
        ok = answer_blocks(s, &queries, texts.text, error);
    }
    free(rows);
    cli_sentences_free(&texts);
    return ok;
}

static bool answer_vectors(searcher *s, const char *file, base_error *error) {
    search_vectors queries;
    bool ok = search_vectors_open(&queries, file, error) &&
              (queries.count > 0 || base_fail(error, BASE_BAD_INPUT, "%s has no rows", file)) &&
              answer_blocks(s, &queries, NULL, error);
    search_vectors_close(&queries);
    return ok;
}

/* ---- queries as they are typed ---- */

static bool answer_line(searcher *s, nn_context *context, const data_line *line, float *row,
                        base_error *error) {
    data_text text = {line->bytes, line->size};
    search_vectors query = search_vectors_of("the query", row, 1, s->model->encoded);
    bool ok = nn_model_encode(s->model, context, &text, 1, 0, row, NULL, error);
    base_profile_lap(s->arguments->watch, "queries", "", 0, 0);
    return ok && answer(s, &query, &text, line->number - 1, NULL, error) && fflush(stdout) == 0;
}

/* A signal ends the program as usual: nearly always it waits for a line. */
static bool answer_typed(searcher *s, base_error *error) {
    data_line line;
    nn_context *context = nn_context_new(error);
    float *row = base_alloc(s->model->encoded, sizeof *row, error);
    bool ok = context && row && open_table(s, error) && fflush(stdout) == 0;
    cli_signals_unwatch();
    if (ok && isatty(STDIN_FILENO))
        base_log(BASE_LOG_INFO, "%zu rows to search in; a query a line, Ctrl-D ends",
                 s->corpus.vectors.count);
    data_line_reader *lines = ok ? data_line_reader_open("-", error) : NULL;
    ok = ok && lines;
    if (ok)
        nn_context_prompt(context, &s->prompt);
    while (ok && data_line_reader_next(lines, &line, error))
        ok = answer_line(s, context, &line, row, error);
    if (lines)
        data_line_reader_warn(lines);
    data_line_reader_close(lines);
    nn_context_free(context);
    free(row);
    return ok && base_ok(error);
}

/* ---- all ---- */

static bool check_options(const searcher *s, const char *corpus, const char *queries,
                          base_error *error) {
    const cli_arguments *a = s->arguments;
    bool typed = !strcmp(queries, "-");
    const char *out = cli_text(a, "out");
    if (typed && ((out && strcmp(out, "-") != 0) || cli_text(a, "query-column")))
        return base_fail(error, BASE_BAD_INPUT,
                         "search: queries from standard input have a text a line and are answered "
                         "on standard output, expected no --out and no --query-column");
    if (cli_text(a, "query-column") && base_ends_with(queries, ".npy"))
        return base_fail(error, BASE_BAD_INPUT,
                         "search: %s is a file of vectors, expected no --query-column", queries);
    if (typed && !strcmp(corpus, "-"))
        return base_fail(error, BASE_BAD_INPUT,
                         "search: found - for CORPUS and for QUERIES, expected one of them");
    if (a->operand_count == 2 &&
        !(base_ends_with(queries, ".npy") && cli_corpus_has_vectors(a, corpus)))
        return base_fail(error, BASE_BAD_INPUT,
                         "search: found no MODEL, expected one, or vectors (.npy) as corpus and as "
                         "queries");
    if (base_ends_with(queries, ".npy") && cli_corpus_has_vectors(a, corpus) &&
        !cli_corpus_encodes_nothing(a, error))
        return false;
    return cli_table_check_out(a, error);
}

/* What depends on the corpus: k, and thresholds that can be met. */
static bool check_corpus(searcher *s, base_error *error) {
    const cli_arguments *a = s->arguments;
    size_t rows = s->corpus.vectors.count;
    s->k = cli_size(a, "top-k");
    if (cli_text(a, "top-k") && s->k > rows)
        return base_fail(error, BASE_BAD_INPUT, "--top-k is %zu, expected 1 to %zu, the rows of %s",
                         s->k, rows, s->corpus.vectors.name);
    s->k = s->k < rows ? s->k : rows;
    s->threshold = -HUGE_VAL;
    return cli_similarity_number(a, "threshold", s->kind, &s->threshold, error);
}

/* A cross-encoder reads the texts of both sides. */
static bool open_cross(searcher *s, const char *queries, base_error *error) {
    const char *folder = cli_text(s->arguments, "rerank");
    if (!folder)
        return true;
    if (!s->corpus.sentences.count || base_ends_with(queries, ".npy"))
        return base_fail(error, BASE_BAD_INPUT,
                         "search: --rerank reads texts, expected CORPUS and QUERIES to be texts");
    return cli_cross_open(&s->cross, folder, error);
}

static bool prepare(searcher *s, const char *corpus, const char *queries, base_error *error) {
    const cli_arguments *a = s->arguments;
    if (!check_options(s, corpus, queries, error))
        return false;
    if (a->operand_count > 2 && !(s->model = cli_model_load(a, a->operand[0], error)))
        return false;
    if (!cli_similarity_kind(a, s->model, &s->kind, error) ||
        (s->model && !cli_query_prompt(a, s->model, &s->prompt, error)))
        return false;
    base_profile_lap(s->arguments->watch, "model", "", 0, 0);
    bool ok = cli_corpus_open(&s->corpus, a, s->model, corpus, error);
    base_profile_lap(s->arguments->watch, "corpus", "", 0, 0);
    return ok && check_corpus(s, error) && open_cross(s, queries, error);
}

static bool search(searcher *s, const char *corpus, const char *queries, base_error *error) {
    bool ok = prepare(s, corpus, queries, error) &&
              (base_ends_with(queries, ".npy") ? answer_vectors(s, queries, error)
               : !strcmp(queries, "-")         ? answer_typed(s, error)
                                               : answer_texts(s, queries, error));
    if (ok)
        return cli_table_finish(s->table);
    cli_table_abandon(s->table);
    return false;
}

static bool run(const cli_arguments *a, base_error *error) {
    searcher s = {.arguments = a};
    const char *const *files = a->operand + a->operand_count - 2;
    bool ok = search(&s, files[0], files[1], error);
    base_profile_lap(a->watch, "results", "", 0, 0);
    cli_corpus_free(&s.corpus);
    data_prompt_release(&s.prompt);
    cli_cross_close(&s.cross);
    nn_model_free(s.model);
    return ok;
}

const cli_command cli_command_search = {
    .name = "search",
    .summary = "The most similar texts of a corpus for each query, exactly",
    .usage = "[MODEL] CORPUS QUERIES|-",
    .details =
        "CORPUS and QUERIES have a text a line (plain or gzipped), or texts in a column of a\n"
        "table or of JSON lines, or vectors made by sbert encode (.npy; float32 or float16), "
        "which\n"
        "are mapped and may be larger than memory. MODEL is not needed when both are vectors.\n"
        "With - queries are read as they are typed, and each is answered at once.\n"
        "The table has query, rank, score, row and text; query and row are numbers from 1. Rows "
        "of\n"
        "equal score stand in the order of the corpus. Results are exact, and the same for any\n"
        "number of threads. The seconds of each phase are said at the end.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 2,
    .operands_high = 3,
    .computes = true,
    .says_phases = true,
    .run = run,
};
