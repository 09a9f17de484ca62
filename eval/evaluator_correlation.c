/* Correlation of a cross-encoder's scores of pairs with human ones, over all pairs of the corpus at
 * once, as sentence-transformers' CrossEncoderCorrelationEvaluator has it. */
#include "eval/evaluator.h"

#include <stdlib.h>

enum { SPEARMAN, PEARSON };
static const eval_measure measures[] = {
    [SPEARMAN] = {.name = "spearman"}, [PEARSON] = {.name = "pearson"}, {0}};

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    const data_corpus *corpus = data->corpus;
    size_t pairs = out->examples;
    double *score = base_alloc(pairs, sizeof *score, error);
    double *gold = base_alloc(pairs, sizeof *gold, error);
    bool ok = score && gold;
    for (size_t i = 0; ok && i < pairs; i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        gold[i] = row.score;
    }
    eval_value spearman;
    ok = ok && eval_pair_scores(subject, corpus, score, &out->truncated, error) &&
         eval_spearman(score, gold, pairs, &spearman, error) &&
         eval_result_add(out, &measures[SPEARMAN], "", spearman, error) &&
         eval_result_add(out, &measures[PEARSON], "", eval_pearson(score, gold, pairs), error);
    free(score);
    free(gold);
    return ok;
}

const eval_def eval_correlation_def = {
    .name = "correlation",
    .task = NN_CROSS_ENCODER,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_SCORE,
    .most_labels = 1,
    .measures = measures,
    .run = run,
};
