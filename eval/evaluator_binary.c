/* Pairs with two labels: how well a similarity tells those that belong together from the others, at
 * the best thresholds, as sentence-transformers' BinaryClassificationEvaluator has it. Without a
 * positive pair average precision, F1, precision, recall and the threshold of F1 are 0; Matthews'
 * correlation is 0, too, when all pairs have one label. */
#include "eval/evaluator.h"
#include "eval/ranking.h"
#include "eval/similarities.h"

#include <stdlib.h>

static const eval_measure measures[] = {{.name = "ap"},
                                        {.name = "accuracy"},
                                        {.name = "accuracy_threshold", .plain = true},
                                        {.name = "f1"},
                                        {.name = "f1_threshold", .plain = true},
                                        {.name = "precision"},
                                        {.name = "recall"},
                                        {.name = "mcc"},
                                        {0}};

/* Thresholds of a distance are distances, not their negatives. */
static double threshold_of(search_similarity_kind kind, double threshold) {
    return kind == SEARCH_EUCLIDEAN || kind == SEARCH_MANHATTAN ? 0 - threshold : threshold;
}

static bool add_numbers(const eval_ranking *r, search_similarity_kind kind, eval_result *out,
                        base_error *error) {
    eval_threshold accuracy = eval_best_accuracy(r), f1 = eval_best_f1(r);
    const double values[] = {eval_average_precision(r).value,
                             accuracy.value,
                             threshold_of(kind, accuracy.threshold),
                             f1.value,
                             threshold_of(kind, f1.threshold),
                             f1.precision,
                             f1.recall,
                             eval_matthews(r, &f1)};
    return eval_result_add_all(out, measures, values, sizeof values / sizeof *values,
                               search_similarity_name(kind), error);
}

static bool add_all(const eval_similarities *s, const bool *relevant, search_similarity_kind own,
                    eval_result *out, base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < SEARCH_SIMILARITIES; i++) {
        search_similarity_kind kind = eval_similarities_at(own, i);
        eval_ranking ranking;
        ok = eval_ranking_make(&ranking, eval_similarities_of(s, kind, 1), relevant, s->rows,
                               error) &&
             add_numbers(&ranking, kind, out, error);
        eval_ranking_free(&ranking);
    }
    return ok;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    eval_similarities s = {0};
    bool *relevant = eval_positive_rows(subject, data->corpus, error);
    bool ok = relevant &&
              eval_similarities_make(&s, subject, data->corpus, &out->truncated, error) &&
              add_all(&s, relevant, search_similarity_find(subject->model->similarity), out, error);
    eval_similarities_free(&s);
    free(relevant);
    return ok;
}

const eval_def eval_binary_def = {
    .name = "binary",
    .task = NN_BI_ENCODER,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_CLASS,
    .finds_labels = true,
    .measures = measures,
    .by_similarity = true,
    .run = run,
};
