/* Numbers that score a model. All in double, equal to SciPy's to 1e-9. */
#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

#include "base/memory.h"

#include <stdint.h>

/* A number, or the reason why there is none. */
typedef struct eval_value {
    double value;          /* 0 when undefined */
    const char *undefined; /* a sentence; NULL: there is a value */
} eval_value;

/* Pearson's correlation of x[n] and y[n]. Undefined for fewer than two pairs, for a side whose
 * numbers are all equal, and for numbers that are not finite. */
eval_value eval_pearson(const double *x, const double *y, size_t n);

/* Spearman's rank correlation: Pearson's of the ranks, equal numbers sharing their average rank
 * (Spearman 1904; as scipy.stats.spearmanr). False only when memory is out. */
bool eval_spearman(const double *x, const double *y, size_t n, eval_value *out, base_error *error);

/* rank[i] of x[i] among x[n], from 1; equal numbers share their average rank. */
bool eval_ranks(const double *x, size_t n, double *rank, base_error *error);

/* Share of pairs on the diagonal of the confusion matrix counts[classes * classes]. Undefined
 * without pairs. */
eval_value eval_accuracy(const double *counts, size_t classes);

/* Index of the largest of x[n], n > 0; the first of equal ones. */
uint32_t eval_largest(const double *x, size_t n);

/* Logits x[n], n > 0, to probabilities, in place. */
void eval_softmax(double *x, size_t n);

#endif
