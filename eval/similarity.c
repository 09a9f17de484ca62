#include "eval/similarity.h"

#include <math.h>

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

double eval_similarity(eval_similarity_kind kind, const float *u, const float *v, size_t width) {
    static double (*const table[EVAL_SIMILARITIES])(const float *, const float *, size_t) = {
        [EVAL_COSINE] = cosine,
        [EVAL_DOT] = dot,
        [EVAL_EUCLIDEAN] = euclidean,
        [EVAL_MANHATTAN] = manhattan,
    };
    return table[kind](u, v, width);
}
