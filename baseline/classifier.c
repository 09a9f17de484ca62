#include "baseline/classifier.h"

#include "base/random.h"
#include "baseline/bag.h"
#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>

enum { BUCKETS = 1 << 19, EPOCHS = 4 };

static const double learning_rate = 0.1;

enum side { IN_U, IN_V, DIFFERENCE, PRODUCT, SIDES };

typedef struct feature {
    uint32_t bucket;
    double value;
} feature;

struct baseline_classifier {
    size_t classes;
    double *weight, *squares; /* [BUCKETS * classes]; bucket 0 is the bias */
    double *score;            /* [classes] */
    baseline_bag u, v;
    feature *features;
    size_t count, capacity;
};

static void add_feature(baseline_classifier *c, uint64_t hash, enum side side, uint32_t count) {
    if (count > 0)
        c->features[c->count++] =
            (feature){(uint32_t)(1 + base_random_mix(hash, (uint64_t)side) % (BUCKETS - 1)), count};
}

static void add_word(void *context, uint64_t hash, uint32_t in_u, uint32_t in_v) {
    baseline_classifier *c = context;
    add_feature(c, hash, IN_U, in_u);
    add_feature(c, hash, IN_V, in_v);
    add_feature(c, hash, DIFFERENCE, in_u > in_v ? in_u - in_v : in_v - in_u);
    add_feature(c, hash, PRODUCT, in_u * in_v);
}

static bool fill_features(baseline_classifier *c, const data_row *row, base_error *error) {
    if (!baseline_bag_fill(&c->u, row->text[0], error) ||
        !baseline_bag_fill(&c->v, row->text[1], error) ||
        !base_grow(&c->features, &c->capacity, 1 + SIDES * (c->u.words + c->v.words),
                   sizeof *c->features, error))
        return false;
    c->features[0] = (feature){0, 1};
    c->count = 1;
    baseline_bag_merge(&c->u, &c->v, add_word, c);
    return true;
}

/* Scores of the classes, as logits. */
static void fill_scores(baseline_classifier *c) {
    for (size_t k = 0; k < c->classes; k++)
        c->score[k] = 0;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = 0; k < c->classes; k++)
            c->score[k] += c->weight[c->features[i].bucket * c->classes + k] * c->features[i].value;
}

static void learn_row(baseline_classifier *c, uint32_t label) {
    fill_scores(c);
    eval_softmax(c->score, c->classes);
    c->score[label] -= 1;
    for (size_t i = 0; i < c->count; i++)
        for (size_t k = 0; k < c->classes; k++) {
            size_t at = c->features[i].bucket * c->classes + k;
            double gradient = c->score[k] * c->features[i].value;
            c->squares[at] += gradient * gradient;
            c->weight[at] -= learning_rate * gradient / (sqrt(c->squares[at]) + 1e-8);
        }
}

static bool learn(baseline_classifier *c, const data_corpus *corpus, uint64_t seed,
                  base_error *error) {
    size_t rows = data_corpus_rows(corpus);
    base_random random = base_random_stream(seed, "bag of words");
    uint32_t *order = base_alloc(rows, sizeof *order, error);
    bool ok = order != NULL;
    for (size_t i = 0; ok && i < rows; i++)
        order[i] = (uint32_t)i;
    for (int epoch = 0; ok && epoch < EPOCHS; epoch++) {
        base_random_shuffle(&random, order, rows);
        for (size_t i = 0; ok && i < rows; i++) {
            data_row row;
            data_corpus_row(corpus, order[i], &row);
            ok = fill_features(c, &row, error);
            if (ok)
                learn_row(c, row.label);
        }
    }
    free(order);
    return ok;
}

baseline_classifier *baseline_classifier_train(const data_corpus *corpus, size_t classes,
                                               uint64_t seed, base_error *error) {
    baseline_classifier *c = base_alloc(1, sizeof *c, error);
    size_t row_bytes;
    if (!c)
        return NULL;
    c->classes = classes;
    bool ok = base_size_mul(classes, sizeof *c->weight, &row_bytes) ||
              base_fail(error, BASE_BAD_INPUT, "there are too many classes");
    ok = ok && (c->weight = base_alloc(BUCKETS, row_bytes, error)) &&
         (c->squares = base_alloc(BUCKETS, row_bytes, error)) &&
         (c->score = base_alloc(classes, sizeof *c->score, error)) && learn(c, corpus, seed, error);
    if (ok)
        return c;
    baseline_classifier_free(c);
    return NULL;
}

void baseline_classifier_free(baseline_classifier *c) {
    if (!c)
        return;
    free(c->weight);
    free(c->squares);
    free(c->score);
    free(c->features);
    baseline_bag_free(&c->u);
    baseline_bag_free(&c->v);
    free(c);
}

bool baseline_classifier_predict(baseline_classifier *c, const data_row *row, uint32_t *predicted,
                                 base_error *error) {
    if (!fill_features(c, row, error))
        return false;
    fill_scores(c);
    *predicted = eval_largest(c->score, c->classes);
    return true;
}
