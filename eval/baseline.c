#include "eval/baseline.h"

#include "eval/word_bag.h"
#include "eval/word_classifier.h"

#include <stdlib.h>

static bool check(const data_corpus *corpus, data_target_kind kind, const char *target,
                  base_error *error) {
    return (data_corpus_columns(corpus) == 2 && data_corpus_kind(corpus) == kind) ||
           base_fail(error, BASE_BAD_INPUT, "%s: the baseline needs pairs of texts with a %s",
                     data_corpus_name(corpus), target);
}

static bool fill_cosines(const data_corpus *corpus, double *cosine, double *gold,
                         base_error *error) {
    eval_word_bag u = {0}, v = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < data_corpus_rows(corpus); i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        ok = eval_word_bag_fill(&u, row.text[0], error) &&
             eval_word_bag_fill(&v, row.text[1], error);
        cosine[i] = ok ? eval_word_bag_cosine(&u, &v) : 0;
        gold[i] = row.score;
    }
    eval_word_bag_free(&u);
    eval_word_bag_free(&v);
    return ok;
}

bool eval_baseline_sts(const data_corpus *corpus, eval_result *out, base_error *error) {
    *out = (eval_result){.pairs = data_corpus_rows(corpus), .metrics = 2};
    if (!check(corpus, DATA_TARGET_SCORE, "score", error))
        return false;
    double *cosine = base_alloc(out->pairs, sizeof *cosine, error);
    double *gold = base_alloc(out->pairs, sizeof *gold, error);
    bool ok = cosine && gold && fill_cosines(corpus, cosine, gold, error);
    if (ok) {
        out->metric[0].name = "spearman_cosine";
        out->metric[1] = (eval_metric){"pearson_cosine", eval_pearson(cosine, gold, out->pairs)};
        ok = eval_spearman(cosine, gold, out->pairs, &out->metric[0].value, error);
    }
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

static bool predict_all(eval_word_classifier *classifier, uint32_t majority,
                        const data_corpus *test, eval_result *out, base_error *error) {
    size_t right = 0;
    for (size_t i = 0; i < out->pairs; i++) {
        data_row row;
        uint32_t predicted;
        data_corpus_row(test, i, &row);
        if (!eval_word_classifier_predict(classifier, &row, &predicted, error))
            return false;
        eval_confusion_add(out->confusion, out->classes, &row.label, &predicted, 1);
        right += row.label == majority;
    }
    out->metrics = 2;
    out->metric[0] = (eval_metric){"accuracy", eval_accuracy(out->confusion, out->classes)};
    out->metric[1] = (eval_metric){"majority_accuracy", {(double)right / (double)out->pairs, NULL}};
    return true;
}

bool eval_baseline_nli(const data_corpus *train, const data_corpus *test, uint64_t seed,
                       eval_result *out, base_error *error) {
    *out = (eval_result){.pairs = data_corpus_rows(test)};
    if (!check(train, DATA_TARGET_CLASS, "label", error) ||
        !check(test, DATA_TARGET_CLASS, "label", error))
        return false;
    uint32_t majority;
    size_t cells;
    out->classes = count_classes(train, test);
    if (!base_size_mul(out->classes, out->classes, &cells) || cells > 1u << 20)
        return base_fail(error, BASE_BAD_INPUT, "%s: the baseline takes labels up to 1023",
                         data_corpus_name(train));
    out->confusion = base_alloc(cells, sizeof *out->confusion, error);
    eval_word_classifier *classifier =
        out->confusion ? eval_word_classifier_train(train, out->classes, seed, error) : NULL;
    bool ok = classifier && majority_label(train, out->classes, &majority, error) &&
              predict_all(classifier, majority, test, out, error);
    eval_word_classifier_free(classifier);
    return ok;
}
