#include "base/log.h"
#include "cli/corpus.h"
#include "cli/mine.h"
#include "cli/progress.h"
#include "cli/similarity.h"
#include "search/bitext.h"
#include "search/pairs.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A line a pair: score, both rows, both texts when both sides have them. */
static bool print_pairs(const cli_mining *m, const cli_corpus *a, const cli_corpus *b,
                        const search_item *pairs, size_t count, base_error *error) {
    static const char *const columns[][8] = {
        {"score", "row1", "row2", NULL},
        {"score", "row1", "row2", "sentence1", "sentence2", NULL},
        {"score", "row1", "row2", "id1", "id2", "sentence1", "sentence2", NULL},
    };
    bool ids = a->id && b->id, texts = a->sentences.count && b->sentences.count, ok = true;
    cli_table *table = cli_mine_open(m, columns[ids ? 2 : texts], error);
    if (!table)
        return false;
    for (size_t i = 0; ok && i < count; i++) {
        cli_table_number(table, pairs[i].score, 7);
        cli_table_size(table, pairs[i].a + 1);
        cli_table_size(table, pairs[i].b + 1);
        if (ids) {
            cli_table_text(table, cli_corpus_id(a, pairs[i].a));
            cli_table_text(table, cli_corpus_id(b, pairs[i].b));
        }
        if (texts) {
            cli_table_text(table, cli_corpus_text(a, pairs[i].a));
            cli_table_text(table, cli_corpus_text(b, pairs[i].b));
        }
        ok = cli_table_end_row(table);
    }
    base_log(BASE_LOG_INFO, "%zu pairs", count);
    return cli_mine_close(table, ok);
}

/* ---- in one file ---- */

static bool find_pairs(const cli_mining *m, const search_vectors *v, search_item **pairs,
                       size_t *count, base_error *error) {
    search_pair_options options = {.kind = m->kind,
                                   .threshold = -HUGE_VAL,
                                   .most = cli_mine_most(m),
                                   .top_k = cli_size(m->arguments, "top-k")};
    if (!cli_similarity_number(m->arguments, "threshold", m->kind, &options.threshold, error))
        return false;
    cli_progress progress;
    cli_progress_start(&progress, "texts", v->count, false);
    bool ok = search_pairs(v, &options, pairs, count, &progress.report, error);
    cli_progress_end(&progress);
    return ok;
}

bool cli_mine_pairs(const cli_mining *m, base_error *error) {
    cli_corpus corpus;
    search_item *pairs = NULL;
    size_t count = 0;
    bool ok = cli_corpus_open(&corpus, m->arguments, m->model, m->files[0], error);
    base_profile_lap(m->arguments->watch, "corpus", "", 0, 0);
    ok = ok && find_pairs(m, &corpus.vectors, &pairs, &count, error);
    base_profile_lap(m->arguments->watch, "search", "", 0, 0);
    ok = ok && print_pairs(m, &corpus, &corpus, pairs, count, error);
    free(pairs);
    cli_corpus_free(&corpus);
    return ok;
}

/* ---- between two files ---- */

static bool bitext_options(const cli_mining *m, search_bitext_options *o, base_error *error) {
    const char *margin = cli_text(m->arguments, "margin");
    char shown[100];
    *o = (search_bitext_options){.kind = m->kind,
                                 .margin = margin ? search_margin_find(margin) : 0,
                                 .neighbours = cli_size(m->arguments, "neighbours"),
                                 .threshold = -HUGE_VAL,
                                 .most = cli_mine_most(m)};
    if (o->margin == SEARCH_MARGINS)
        return base_fail(error, BASE_BAD_INPUT,
                         "--margin is '%s', expected ratio, distance or none",
                         base_escape(shown, sizeof shown, margin, strlen(margin)));
    if (o->margin == SEARCH_MARGIN_RATIO && o->kind == SEARCH_EUCLIDEAN)
        return base_fail(error, BASE_BAD_INPUT,
                         "mine: --margin ratio divides similarities above 0, expected distance or "
                         "none with --similarity euclidean");
    /* a margin may be any number */
    search_similarity_kind kind = o->margin == SEARCH_MARGIN_NONE ? m->kind : SEARCH_DOT;
    return cli_similarity_number(m->arguments, "threshold", kind, &o->threshold, error);
}

static bool check_neighbours(const cli_mining *m, const search_vectors *v, base_error *error) {
    size_t found = cli_size(m->arguments, "neighbours");
    return !cli_count(m->arguments, "neighbours") || found <= v->count ||
           base_fail(error, BASE_BAD_INPUT,
                     "--neighbours is %zu, expected 1 to %zu, the rows of %s", found, v->count,
                     v->name);
}

static bool find_bitext(const cli_corpus *a, const cli_corpus *b,
                        const search_bitext_options *options, search_item **pairs, size_t *count,
                        base_error *error) {
    cli_progress progress;
    cli_progress_start(&progress, "texts", a->vectors.count + b->vectors.count, false);
    bool ok =
        search_bitext(&a->vectors, &b->vectors, options, pairs, count, &progress.report, error);
    cli_progress_end(&progress);
    return ok;
}

bool cli_mine_bitext(const cli_mining *m, base_error *error) {
    search_bitext_options options;
    cli_corpus a = {0}, b = {0};
    search_item *pairs = NULL;
    size_t count = 0;
    bool ok = bitext_options(m, &options, error) &&
              cli_corpus_open(&a, m->arguments, m->model, m->files[0], error) &&
              cli_corpus_open(&b, m->arguments, m->model, m->files[1], error) &&
              check_neighbours(m, &a.vectors, error) && check_neighbours(m, &b.vectors, error);
    base_profile_lap(m->arguments->watch, "corpus", "", 0, 0);
    ok = ok && find_bitext(&a, &b, &options, &pairs, &count, error);
    base_profile_lap(m->arguments->watch, "search", "", 0, 0);
    ok = ok && print_pairs(m, &a, &b, pairs, count, error);
    free(pairs);
    cli_corpus_free(&a);
    cli_corpus_free(&b);
    return ok;
}
