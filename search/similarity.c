#include "search/similarity.h"

#include <math.h>
#include <string.h>

static double dot(const float *u, const float *v, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < width; i++)
        sum += (double)u[i] * (double)v[i];
    return sum;
}

/* The three sums at once, each in its order. */
static double cosine(const float *u, const float *v, size_t width) {
    double uu = 0, vv = 0, uv = 0;
    for (size_t i = 0; i < width; i++) {
        double a = (double)u[i], b = (double)v[i];
        uu += a * a;
        vv += b * b;
        uv += a * b;
    }
    double norms = sqrt(uu) * sqrt(vv);
    return norms > 0 ? uv / norms : 0;
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
} rows[SEARCH_SIMILARITIES] = {
    [SEARCH_COSINE] = {"cosine", cosine},
    [SEARCH_DOT] = {"dot", dot},
    [SEARCH_EUCLIDEAN] = {"euclidean", euclidean},
    [SEARCH_MANHATTAN] = {"manhattan", manhattan},
};

search_similarity_kind search_similarity_find(const char *name) {
    search_similarity_kind kind = 0;
    while (kind < SEARCH_SIMILARITIES && strcmp(rows[kind].name, name) != 0)
        kind++;
    return kind;
}

const char *search_similarity_name(search_similarity_kind kind) {
    return rows[kind].name;
}

double search_similarity(search_similarity_kind kind, const float *u, const float *v,
                         size_t width) {
    return rows[kind].similarity(u, v, width);
}
