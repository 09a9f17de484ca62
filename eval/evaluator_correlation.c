/* Correlation of a cross-encoder's scores of pairs with human ones, over all pairs of the corpus at
 * once, as sentence-transformers' CrossEncoderCorrelationEvaluator has it. */
#include "eval/evaluator.h"

#include <stdlib.h>

static const char *const metrics[] = {"spearman", "pearson", NULL};

static bool take(void *context, size_t first, size_t count, const float *logits,
                 base_error *error) {
    double *score = context;
    (void)error;
    for (size_t i = 0; i < count; i++)
        score[first + i] = (double)logits[i];
    return true;
}

static bool run(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                base_error *error) {
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
    ok = ok && eval_score_pairs(subject, corpus, take, score, &out->truncated, error) &&
         eval_activate(subject->model->classifier, score, pairs, error) &&
         eval_spearman(score, gold, pairs, &spearman, error) &&
         eval_result_add(out, metrics[0], "", spearman, error) &&
         eval_result_add(out, metrics[1], "", eval_pearson(score, gold, pairs), error);
    free(score);
    free(gold);
    return ok;
}

const eval_def eval_correlation_def = {
    .name = "correlation",
    .kind = DATA_TARGET_SCORE,
    .of_pairs = true,
    .most_labels = 1,
    .metrics = metrics,
    .run = run,
};
