/* STS: correlation of the similarity of two embeddings with human scores, over all pairs of the
 * corpus at once (Reimers & Gurevych 2019, section 4.1). */
#include "eval/evaluator.h"
#include "search/similarity.h"

#include <stdlib.h>

static const char *const metrics[] = {
    "spearman_cosine",    "pearson_cosine",     "spearman_dot",
    "pearson_dot",        "spearman_euclidean", "pearson_euclidean",
    "spearman_manhattan", "pearson_manhattan",  NULL};

/* alike[kind * pairs + i] */
typedef struct sts_scores {
    double *alike;
    size_t pairs, width;
} sts_scores;

static bool take(void *context, size_t first, size_t count, const float *u, const float *v,
                 base_error *error) {
    (void)error;
    const sts_scores *s = context;
    for (int kind = 0; kind < SEARCH_SIMILARITIES; kind++)
        for (size_t i = 0; i < count; i++)
            s->alike[(size_t)kind * s->pairs + first + i] = search_similarity(
                (search_similarity_kind)kind, u + i * s->width, v + i * s->width, s->width);
    return true;
}

/* The model's own similarity first. */
static bool correlate(const sts_scores *s, search_similarity_kind own, const double *gold,
                      eval_result *out, base_error *error) {
    for (size_t i = 0; i < SEARCH_SIMILARITIES; i++) {
        size_t kind = i == 0 ? own : i <= own ? i - 1 : i;
        const char *variant = search_similarity_name((search_similarity_kind)kind);
        const double *alike = s->alike + kind * s->pairs;
        eval_value spearman;
        if (!eval_spearman(alike, gold, s->pairs, &spearman, error) ||
            !eval_result_add(out, "spearman", variant, spearman, error) ||
            !eval_result_add(out, "pearson", variant, eval_pearson(alike, gold, s->pairs), error))
            return false;
    }
    return true;
}

static bool run(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                base_error *error) {
    sts_scores s = {.pairs = out->examples, .width = subject->model->encoded};
    s.alike = base_alloc(s.pairs, SEARCH_SIMILARITIES * sizeof *s.alike, error);
    double *gold = base_alloc(s.pairs, sizeof *gold, error);
    bool ok = s.alike && gold;
    for (size_t i = 0; ok && i < s.pairs; i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        gold[i] = row.score;
    }
    ok = ok && eval_embed_pairs(subject, corpus, take, &s, &out->truncated, error) &&
         correlate(&s, search_similarity_find(subject->model->similarity), gold, out, error);
    free(s.alike);
    free(gold);
    return ok;
}

const eval_def eval_sts_def = {
    .name = "sts",
    .kind = DATA_TARGET_SCORE,
    .metrics = metrics,
    .run = run,
};
