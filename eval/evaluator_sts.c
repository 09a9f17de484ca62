/* STS: correlation of the similarity of two embeddings with human scores, over all pairs of the
 * corpus at once (Reimers & Gurevych 2019, section 4.1). */
#include "eval/evaluator.h"
#include "eval/similarities.h"

#include <stdlib.h>

enum { SPEARMAN, PEARSON };
static const eval_measure measures[] = {
    [SPEARMAN] = {.name = "spearman"}, [PEARSON] = {.name = "pearson"}, {0}};

static bool correlate(const eval_similarities *s, search_similarity_kind own, const double *gold,
                      eval_result *out, base_error *error) {
    for (size_t i = 0; i < SEARCH_SIMILARITIES; i++) {
        search_similarity_kind kind = eval_similarities_at(own, i);
        const char *variant = search_similarity_name(kind);
        const double *alike = eval_similarities_of(s, kind, 1);
        eval_value spearman;
        if (!eval_spearman(alike, gold, s->rows, &spearman, error) ||
            !eval_result_add(out, &measures[SPEARMAN], variant, spearman, error) ||
            !eval_result_add(out, &measures[PEARSON], variant, eval_pearson(alike, gold, s->rows),
                             error))
            return false;
    }
    return true;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    eval_similarities s = {0};
    double *gold = base_alloc(out->examples, sizeof *gold, error);
    for (size_t i = 0; gold && i < out->examples; i++) {
        data_row row;
        data_corpus_row(data->corpus, i, &row);
        gold[i] = row.score;
    }
    bool ok = gold && eval_similarities_make(&s, subject, data->corpus, &out->truncated, error) &&
              correlate(&s, search_similarity_find(subject->model->similarity), gold, out, error);
    eval_similarities_free(&s);
    free(gold);
    return ok;
}

const eval_def eval_sts_def = {
    .name = "sts",
    .task = NN_BI_ENCODER,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_SCORE,
    .measures = measures,
    .by_similarity = true,
    .run = run,
};
