#include "cli/command.h"
#include "cli/cross.h"
#include "cli/pairs.h"
#include "cli/profile_view.h"
#include "cli/progress.h"
#include "cli/sentences.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "data/text_table.h"

#include <stdlib.h>
#include <string.h>

static const cli_option options[] = {
    {"top-k", CLI_SIZE, "N", "0", "the N best candidates of each query; 0: all", 0, CLI_SIZE_MAX},
    CLI_PAIRS_OPTIONS,
    CLI_TABLE_OPTIONS,
    CLI_PROFILE_OPTION,
};

/* Pairs of queries and candidates: of a table, or every query with every text of another file. */
typedef struct reranker {
    data_corpus *pairs;
    cli_sentences queries, texts;
    data_text *first, *second; /* [count], second behind first in one block */
    cli_candidate *candidate;  /* [count] */
    float *score;              /* [count] */
    size_t count;
} reranker;

static bool reserve(reranker *r, size_t count, base_error *error) {
    r->count = count;
    r->first = base_alloc(count, 2 * sizeof *r->first, error);
    r->candidate = base_alloc(count, sizeof *r->candidate, error);
    r->score = base_alloc(count, sizeof *r->score, error);
    r->second = r->first ? r->first + count : NULL;
    return r->first && r->candidate && r->score;
}

/* Equal first texts are one query; queries are numbered as they come. */
static bool take_pairs(reranker *r, base_error *error) {
    if (!reserve(r, data_corpus_rows(r->pairs), error))
        return false;
    data_text_table *queries = data_text_table_new(r->count, error);
    for (size_t i = 0; queries && i < r->count; i++) {
        data_row row;
        data_corpus_row(r->pairs, i, &row);
        r->first[i] = row.text[0];
        r->second[i] = row.text[1];
        r->candidate[i] = (cli_candidate){0, data_text_table_add(queries, row.text[0]), i};
    }
    data_text_table_free(queries);
    return base_ok(error);
}

static bool read_pairs(reranker *r, const cli_arguments *a, base_error *error) {
    r->pairs = cli_pairs_read(a, a->operand[1], &(data_reader_options){0}, error);
    return r->pairs && take_pairs(r, error);
}

static bool read_both(reranker *r, const cli_arguments *a, base_error *error) {
    size_t count;
    if (cli_text(a, "columns") || cli_text(a, "format") || cli_flag(a, "no-header"))
        return base_fail(
            error, BASE_BAD_INPUT,
            "rerank: QUERIES and CANDIDATES have a text a line, expected no --columns, "
            "--format or --no-header");
    if (!strcmp(a->operand[1], "-") && !strcmp(a->operand[2], "-"))
        return base_fail(error, BASE_BAD_INPUT,
                         "rerank: found - for QUERIES and for CANDIDATES, expected one of them");
    if (!cli_sentences_file(&r->queries, a->operand[1], error) ||
        !cli_sentences_file(&r->texts, a->operand[2], error))
        return false;
    if (!r->queries.count || !r->texts.count)
        return base_fail(error, BASE_BAD_INPUT, "%s is empty, expected a text a line",
                         a->operand[r->queries.count ? 2 : 1]);
    if (!base_size_mul(r->queries.count, r->texts.count, &count))
        return base_fail(error, BASE_BAD_INPUT, "rerank: too many pairs");
    if (!reserve(r, count, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t query = i / r->texts.count, row = i % r->texts.count;
        r->first[i] = r->queries.text[query];
        r->second[i] = r->texts.text[row];
        r->candidate[i] = (cli_candidate){0, query, row};
    }
    return true;
}

static data_text text_of(const reranker *r, const cli_candidate *c) {
    return r->pairs ? r->second[c->row] : r->texts.text[c->row];
}

static bool put_all(const reranker *r, size_t most, cli_table *table) {
    for (size_t i = 0, rank = 0; i < r->count; i++) {
        const cli_candidate *c = &r->candidate[i];
        rank = i && c[-1].query == c->query ? rank + 1 : 0;
        if (most && rank >= most)
            continue;
        cli_table_size(table, c->query + 1);
        cli_table_size(table, rank + 1);
        cli_table_number(table, (double)c->score, 7);
        cli_table_size(table, c->row + 1);
        cli_table_text(table, text_of(r, c));
        if (!cli_table_end_row(table))
            return false;
    }
    return true;
}

static bool score(reranker *r, const cli_arguments *a, cli_cross *cross, base_error *error) {
    cli_progress progress;
    cli_signals_watch();
    nn_context_profile(cross->context, a->profile);
    cli_progress_start(&progress, "pairs", r->count, false);
    nn_context_progress(cross->context, &progress.report);
    bool ok = cli_cross_score(cross, r->first, r->second, r->count, r->score, error);
    cli_progress_end(&progress);
    return ok;
}

static bool rerank(reranker *r, const cli_arguments *a, cli_cross *cross, base_error *error) {
    static const char *const columns[] = {"query", "rank", "score", "row", "text", NULL};
    const char *out = cli_text(a, "out") ? cli_text(a, "out") : "-";
    if (!(a->operand_count > 2 ? read_both : read_pairs)(r, a, error) || !score(r, a, cross, error))
        return false;
    for (size_t i = 0; i < r->count; i++)
        r->candidate[i].score = r->score[i];
    cli_candidates_sort(r->candidate, r->count);
    cli_table *table = cli_table_open(out, cli_flag(a, "json"), columns, error);
    if (table && put_all(r, cli_size(a, "top-k"), table))
        return cli_table_finish(table);
    cli_table_abandon(table);
    return false;
}

static bool run(const cli_arguments *a, base_error *error) {
    reranker r = {0};
    cli_cross cross = {0};
    bool ok = cli_pairs_check(a, error) && cli_table_check_out(a, error) &&
              cli_cross_open(&cross, a->operand[0], error);
    base_profile_lap(a->profile, "model", "", 0, 0);
    ok = ok && rerank(&r, a, &cross, error);
    data_corpus_free(r.pairs);
    cli_sentences_free(&r.queries);
    cli_sentences_free(&r.texts);
    free(r.first);
    free(r.candidate);
    free(r.score);
    cli_cross_close(&cross);
    return ok;
}

const cli_command cli_command_rerank = {
    .name = "rerank",
    .summary = "Candidates of queries in the order of a cross-encoder's scores",
    .usage = "MODEL PAIRS|- | MODEL QUERIES CANDIDATES",
    .details =
        "PAIRS is a table with sentence1, the query, and sentence2, a candidate of it, or any\n"
        "corpus of pairs; pairs with equal first texts are of one query. QUERIES and CANDIDATES\n"
        "have a text a line, and each query is read with each candidate. The table has query,\n"
        "rank, score, row and text; query and row are numbers from 1. Equal scores stand in the\n"
        "order of the rows.\n",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .operands_low = 2,
    .operands_high = 3,
    .computes = true,
    .run = run,
};
