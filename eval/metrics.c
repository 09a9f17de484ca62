#include "eval/metrics.h"

#include <math.h>
#include <stdlib.h>

static eval_value undefined(const char *why) {
    return (eval_value){0, why};
}

static bool all_finite(const double *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

static bool all_equal(const double *x, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (x[i] < x[0] || x[i] > x[0])
            return false;
    return true;
}

/* The numbers of one side, scaled by a power of two so that no difference or square overflows. */
typedef struct side {
    const double *x;
    double scale, mean, norm;
} side;

static double centred(const side *s, size_t i) {
    return s->x[i] * s->scale - s->mean;
}

static side side_of(const double *x, size_t n) {
    double largest = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(x[i]));
    int exponent = 0;
    frexp(largest, &exponent);
    side s = {.x = x, .scale = ldexp(1, exponent < -1000 ? 1000 : -exponent)};
    for (size_t i = 0; i < n; i++)
        sum += x[i] * s.scale;
    s.mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += centred(&s, i) * centred(&s, i);
    s.norm = sqrt(squares);
    return s;
}

eval_value eval_pearson(const double *x, const double *y, size_t n) {
    if (n < 2)
        return undefined("there are fewer than two pairs");
    if (!all_finite(x, n) || !all_finite(y, n))
        return undefined("a number is not finite");
    if (all_equal(x, n) || all_equal(y, n))
        return undefined("all numbers of one side are equal");
    side a = side_of(x, n), b = side_of(y, n);
    double r = 0;
    for (size_t i = 0; i < n; i++)
        r += (centred(&a, i) / a.norm) * (centred(&b, i) / b.norm);
    return isfinite(r) ? (eval_value){fmax(-1, fmin(1, r)), NULL}
                       : undefined("the numbers of one side differ by rounding alone");
}

typedef struct place {
    double value;
    size_t index;
} place;

static int by_value(const void *a, const void *b) {
    double x = ((const place *)a)->value, y = ((const place *)b)->value;
    return (x > y) - (x < y);
}

bool eval_ranks(const double *x, size_t n, double *rank, base_error *error) {
    place *sorted = base_alloc(n, sizeof *sorted, error);
    if (!sorted)
        return false;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (place){x[i], i};
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && by_value(&sorted[first], &sorted[end]) == 0;)
            end++;
        /* Ranks first + 1 .. end, their average. */
        for (size_t i = first; i < end; i++)
            rank[sorted[i].index] = 0.5 * (double)(first + 1 + end);
    }
    free(sorted);
    return true;
}

bool eval_spearman(const double *x, const double *y, size_t n, eval_value *out, base_error *error) {
    if (!all_finite(x, n) || !all_finite(y, n)) {
        *out = undefined("a number is not finite");
        return true;
    }
    double *rank_x = base_alloc(n, sizeof *rank_x, error);
    double *rank_y = base_alloc(n, sizeof *rank_y, error);
    bool ok =
        rank_x && rank_y && eval_ranks(x, n, rank_x, error) && eval_ranks(y, n, rank_y, error);
    if (ok)
        *out = eval_pearson(rank_x, rank_y, n);
    free(rank_x);
    free(rank_y);
    return ok;
}

eval_value eval_accuracy(const double *counts, size_t classes) {
    double right = 0, all = 0;
    for (size_t i = 0; i < classes * classes; i++)
        all += counts[i];
    for (size_t i = 0; i < classes; i++)
        right += counts[i * classes + i];
    return all > 0 ? (eval_value){right / all, NULL} : undefined("there are no pairs");
}

uint32_t eval_largest(const double *x, size_t n) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

void eval_softmax(double *x, size_t n) {
    double largest = x[eval_largest(x, n)], sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] = exp(x[i] - largest);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}
