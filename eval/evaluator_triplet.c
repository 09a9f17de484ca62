/* Triplets: the share of anchors that are more similar to the positive than to the negative, by
 * each similarity, as sentence-transformers' TripletEvaluator has it, without a margin. Equal
 * similarities are not right. */
#include "eval/evaluator.h"
#include "eval/similarities.h"

static const eval_measure measures[] = {{.name = "accuracy"}, {0}};

static double accuracy(const eval_similarities *s, search_similarity_kind kind) {
    const double *positive = eval_similarities_of(s, kind, 1);
    const double *negative = eval_similarities_of(s, kind, 2);
    size_t right = 0;
    for (size_t i = 0; i < s->rows; i++)
        right += positive[i] > negative[i];
    return (double)right / (double)s->rows;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    search_similarity_kind own = search_similarity_find(subject->model->similarity);
    eval_similarities s = {0};
    bool ok = eval_similarities_make(&s, subject, data->corpus, &out->truncated, error);
    for (size_t i = 0; ok && i < SEARCH_SIMILARITIES; i++) {
        search_similarity_kind kind = eval_similarities_at(own, i);
        ok = eval_result_add(out, measures, search_similarity_name(kind),
                             (eval_value){accuracy(&s, kind), NULL}, error);
    }
    eval_similarities_free(&s);
    return ok;
}

const eval_def eval_triplet_def = {
    .name = "triplet",
    .task = NN_BI_ENCODER,
    .counted = "triplets",
    .column = {"anchor", "positive", "negative"},
    .columns = 3,
    .measures = measures,
    .by_similarity = true,
    .run = run,
};
