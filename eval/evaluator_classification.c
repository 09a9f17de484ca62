/* Labels of pairs by a cross-encoder. Of several labels: accuracy, F1 and the confusion matrix. Of
 * one: how well its score tells the positive label from others, at the best thresholds, as
 * sentence-transformers' CrossEncoderClassificationEvaluator has it. */
#include "eval/evaluator.h"
#include "eval/ranking.h"

#include <stdlib.h>

enum { OF_ONE = 7, F1_MACRO = OF_ONE, F1_WEIGHTED, ACCURACY = 1 };
static const eval_measure measures[] = {{.name = "average_precision"},
                                        [ACCURACY] = {.name = "accuracy"},
                                        {.name = "accuracy_threshold", .plain = true},
                                        {.name = "f1"},
                                        {.name = "f1_threshold", .plain = true},
                                        {.name = "precision"},
                                        {.name = "recall"},
                                        [F1_MACRO] = {.name = "f1_macro"},
                                        [F1_WEIGHTED] = {.name = "f1_weighted"},
                                        {0}};

static const eval_measure *main_of(const nn_model *model) {
    bool one = model->classifier && model->classifier->labels == 1;
    return &measures[one ? 0 : F1_MACRO];
}

typedef struct found_labels {
    const data_corpus *corpus;
    size_t labels;
    double *confusion; /* [labels * labels] */
} found_labels;

static bool add_label(const found_labels *f, size_t pair, const float *logits, double *row,
                      base_error *error) {
    size_t label = data_corpus_label(f->corpus, pair);
    if (label >= f->labels)
        return base_fail(
            error, BASE_BAD_INPUT, "%s: line %zu: the label is number %zu, the model has %zu",
            data_corpus_name(f->corpus), data_corpus_line(f->corpus, pair), label, f->labels);
    for (size_t i = 0; i < f->labels; i++)
        row[i] = (double)logits[i];
    f->confusion[label * f->labels + eval_largest(row, f->labels)]++;
    return true;
}

static bool take(void *context, size_t first, size_t count, const float *logits,
                 base_error *error) {
    const found_labels *f = context;
    double *row = base_alloc(f->labels, sizeof *row, error);
    bool ok = row != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = add_label(f, first + i, logits + i * f->labels, row, error);
    free(row);
    return ok;
}

/* ---- several labels ---- */

/* F1 of class c; 0 when nothing is or is taken for it. *weight: pairs of it. */
static double f1_of(const double *confusion, size_t labels, size_t c, double *weight) {
    double gold = 0, taken = 0;
    for (size_t i = 0; i < labels; i++) {
        gold += confusion[c * labels + i];
        taken += confusion[i * labels + c];
    }
    *weight = gold;
    return gold + taken > 0 ? 2 * confusion[c * labels + c] / (gold + taken) : 0;
}

static bool run_several(const eval_subject *subject, found_labels *f, eval_result *out,
                        base_error *error) {
    const char *const *label = (const char *const *)subject->model->classifier->label;
    const eval_table *table = eval_result_add_table(out, "confusion", "gold \\ predicted", label,
                                                    f->labels, label, f->labels, error);
    if (!table)
        return false;
    f->confusion = table->cell;
    if (!eval_score_pairs(subject, f->corpus, take, f, &out->truncated, error))
        return false;
    double macro = 0, weighted = 0, all = 0;
    size_t seen = 0;
    for (size_t c = 0; c < f->labels; c++) {
        double weight, f1 = f1_of(f->confusion, f->labels, c, &weight);
        bool there = weight > 0;
        for (size_t i = 0; !there && i < f->labels; i++)
            there = f->confusion[i * f->labels + c] > 0;
        macro += f1;
        weighted += weight * f1;
        all += weight;
        seen += there;
    }
    return eval_result_add(out, &measures[F1_MACRO], "", (eval_value){macro / (double)seen, NULL},
                           error) &&
           eval_result_add(out, &measures[F1_WEIGHTED], "", (eval_value){weighted / all, NULL},
                           error) &&
           eval_result_add(out, &measures[ACCURACY], "", eval_accuracy(f->confusion, f->labels),
                           error);
}

/* ---- one label ---- */

static bool add_numbers(const eval_ranking *r, eval_result *out, base_error *error) {
    eval_threshold accuracy = eval_best_accuracy(r), f1 = eval_best_f1(r);
    const double values[OF_ONE] = {eval_average_precision(r).value,
                                   accuracy.value,
                                   accuracy.threshold,
                                   f1.value,
                                   f1.threshold,
                                   f1.precision,
                                   f1.recall};
    return eval_result_add_all(out, measures, values, OF_ONE, "", error);
}

static bool run_one(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                    base_error *error) {
    size_t pairs = out->examples;
    eval_ranking ranking = {0};
    bool *relevant = eval_positive_rows(subject, corpus, error);
    double *score = relevant ? base_alloc(pairs, sizeof *score, error) : NULL;
    bool ok = score && eval_pair_scores(subject, corpus, score, &out->truncated, error) &&
              eval_ranking_make(&ranking, score, relevant, pairs, error) &&
              add_numbers(&ranking, out, error);
    eval_ranking_free(&ranking);
    free(relevant);
    free(score);
    return ok;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    found_labels f = {.corpus = data->corpus, .labels = subject->model->classifier->labels};
    return f.labels == 1 ? run_one(subject, data->corpus, out, error)
                         : run_several(subject, &f, out, error);
}

const eval_def eval_classification_def = {
    .name = "classification",
    .task = NN_CROSS_ENCODER,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_CLASS,
    .finds_labels = true,
    .measures = measures,
    .main = main_of,
    .run = run,
};
