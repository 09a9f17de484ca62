#include "eval/similarity.h"

#include <math.h>
#include <string.h>

static double dot(const float *u, const float *v, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += (double)u[i] * (double)v[i];
    return sum;
}

static double cosine(const float *u, const float *v, size_t width) {
    double norms = sqrt(dot(u, u, width)) * sqrt(dot(v, v, width));
    return norms > 0 ? dot(u, v, width) / norms : 0;
}

static double euclidean(const float *u, const float *v, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        double difference = (double)u[i] - (double)v[i];
        sum += difference * difference;
    }
    return -sqrt(sum);
}

static double manhattan(const float *u, const float *v, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += fabs((double)u[i] - (double)v[i]);
    return -sum;
}

static const struct row {
    const char *name;
    double (*similarity)(const float *u, const float *v, size_t width);
} rows[EVAL_SIMILARITIES] = {
    [EVAL_COSINE] = {"cosine", cosine},
    [EVAL_DOT] = {"dot", dot},
    [EVAL_EUCLIDEAN] = {"euclidean", euclidean},
    [EVAL_MANHATTAN] = {"manhattan", manhattan},
};

eval_similarity_kind eval_similarity_find(const char *name) {
    eval_similarity_kind kind = 0;
    while (kind < EVAL_SIMILARITIES && strcmp(rows[kind].name, name) != 0)
        kind++;
    return kind;
}

const char *eval_similarity_name(eval_similarity_kind kind) {
    return rows[kind].name;
}

double eval_similarity(eval_similarity_kind kind, const float *u, const float *v, size_t width) {
    return rows[kind].similarity(u, v, width);
}
