#include "baseline/baseline.h"

#include "baseline/bag.h"
#include "baseline/classifier.h"
#include "data/reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_CLASSES = 1024 };

static bool check(const data_corpus *corpus, data_target_kind kind, const char *target,
                  base_error *error) {
    return (data_corpus_columns(corpus) == 2 && data_corpus_kind(corpus) == kind) ||
           base_fail(error, BASE_BAD_INPUT, "%s: the baseline needs pairs of texts with a %s",
                     data_corpus_name(corpus), target);
}

static bool fill_cosines(const data_corpus *corpus, double *cosine, double *gold,
                         base_error *error) {
    baseline_bag u = {0}, v = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < data_corpus_rows(corpus); i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        ok = baseline_bag_fill(&u, row.text[0], error) && baseline_bag_fill(&v, row.text[1], error);
        cosine[i] = ok ? baseline_bag_cosine(&u, &v) : 0;
        gold[i] = row.score;
    }
    baseline_bag_free(&u);
    baseline_bag_free(&v);
    return ok;
}

enum { SPEARMAN, PEARSON, ACCURACY, MAJORITY };
static const eval_measure measures[] = {[SPEARMAN] = {.name = "spearman"},
                                        [PEARSON] = {.name = "pearson"},
                                        [ACCURACY] = {.name = "accuracy"},
                                        [MAJORITY] = {.name = "majority_accuracy"}};

static eval_result result_of(const data_corpus *corpus) {
    return (eval_result){.counted = "pairs",
                         .examples = data_corpus_rows(corpus),
                         .skipped = data_corpus_skipped(corpus)};
}

bool baseline_sts(const data_corpus *corpus, eval_result *out, base_error *error) {
    *out = result_of(corpus);
    if (!check(corpus, DATA_TARGET_SCORE, "score", error))
        return false;
    double *cosine = base_alloc(out->examples, sizeof *cosine, error);
    double *gold = base_alloc(out->examples, sizeof *gold, error);
    eval_value spearman;
    bool ok = cosine && gold && fill_cosines(corpus, cosine, gold, error) &&
              eval_spearman(cosine, gold, out->examples, &spearman, error) &&
              eval_result_add(out, &measures[SPEARMAN], "cosine", spearman, error) &&
              eval_result_add(out, &measures[PEARSON], "cosine",
                              eval_pearson(cosine, gold, out->examples), error);
    free(cosine);
    free(gold);
    return ok;
}

/* One more than the largest label of the two. */
static size_t count_classes(const data_corpus *a, const data_corpus *b) {
    size_t classes = 1;
    for (const data_corpus *c = a;; c = b) {
        for (size_t i = 0; i < data_corpus_rows(c); i++) {
            data_row row;
            data_corpus_row(c, i, &row);
            classes = row.label >= classes ? row.label + (size_t)1 : classes;
        }
        if (c == b)
            return classes;
    }
}

static bool majority_label(const data_corpus *corpus, size_t classes, uint32_t *majority,
                           base_error *error) {
    size_t *count = base_alloc(classes, sizeof *count, error);
    if (!count)
        return false;
    for (size_t i = 0; i < data_corpus_rows(corpus); i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        count[row.label]++;
    }
    *majority = 0;
    for (uint32_t k = 1; k < classes; k++)
        if (count[k] > count[*majority])
            *majority = k;
    free(count);
    return true;
}

/* Named as the reader names labels when nothing lists them. */
static eval_table *add_confusion(eval_result *out, size_t classes, base_error *error) {
    const char *name[MOST_CLASSES];
    char number[MOST_CLASSES][8];
    for (size_t i = 0; i < classes; i++) {
        snprintf(number[i], sizeof number[i], "%zu", i % MOST_CLASSES);
        name[i] = i < DATA_USUAL_LABELS ? data_usual_label[i] : number[i];
    }
    return eval_result_add_table(out, "confusion", "gold \\ predicted", name, classes, name,
                                 classes, error);
}

static bool predict_all(baseline_classifier *classifier, size_t classes, uint32_t majority,
                        const data_corpus *test, eval_result *out, base_error *error) {
    eval_table *table = add_confusion(out, classes, error);
    size_t right = 0;
    for (size_t i = 0; table && i < out->examples; i++) {
        data_row row;
        uint32_t predicted;
        data_corpus_row(test, i, &row);
        if (!baseline_classifier_predict(classifier, &row, &predicted, error))
            return false;
        table->cell[row.label * classes + predicted]++;
        right += row.label == majority;
    }
    return table &&
           eval_result_add(out, &measures[ACCURACY], "", eval_accuracy(table->cell, classes),
                           error) &&
           eval_result_add(out, &measures[MAJORITY], "",
                           (eval_value){(double)right / (double)out->examples, NULL}, error);
}

bool baseline_nli(const data_corpus *train, const data_corpus *test, uint64_t seed,
                  eval_result *out, base_error *error) {
    *out = result_of(test);
    if (!check(train, DATA_TARGET_CLASS, "label", error) ||
        !check(test, DATA_TARGET_CLASS, "label", error))
        return false;
    uint32_t majority;
    size_t classes = count_classes(train, test);
    if (classes > MOST_CLASSES)
        return base_fail(error, BASE_BAD_INPUT, "%s: the baseline takes labels up to %d",
                         data_corpus_name(train), MOST_CLASSES - 1);
    baseline_classifier *classifier = baseline_classifier_train(train, classes, seed, error);
    bool ok = classifier && majority_label(train, classes, &majority, error) &&
              predict_all(classifier, classes, majority, test, out, error);
    baseline_classifier_free(classifier);
    return ok;
}
