/* Numbers that score an order of candidates of which some are relevant. Equal scores share their
 * places, as in scikit-learn, but in the reciprocal rank, where they stand by index. */
#ifndef EVAL_RANKING_H
#define EVAL_RANKING_H

#include "eval/metrics.h"

/* Candidates in falling order of score; equal ones by index. `hits` may be raised afterwards: to
 * count relevant ones that are no candidates. */
typedef struct eval_ranking {
    const double *score;  /* [count], the caller's */
    const bool *relevant; /* [count], the caller's */
    size_t count, hits;   /* hits: relevant ones, at least those among the candidates */
    size_t *order;        /* [count] */
} eval_ranking;

/* Free with eval_ranking_free, also after an error. Scores must not be NaN. */
bool eval_ranking_make(eval_ranking *r, const double *score, const bool *relevant, size_t count,
                       base_error *error);
void eval_ranking_free(eval_ranking *r);

/* Sum over the distinct scores of (recall - recall before) * precision. Undefined without hits. */
eval_value eval_average_precision(const eval_ranking *r);

/* One over the place of the first relevant one among the first k; 0 when there is none. */
double eval_reciprocal_rank(const eval_ranking *r, size_t k);

/* Normalized discounted cumulative gain at k (Jarvelin & Kekalainen 2002), gains 0 and 1; equal
 * scores have their mean gain (McSherry & Najork 2008). Undefined without hits. */
eval_value eval_ndcg(const eval_ranking *r, size_t k);

/* The threshold from which on a candidate is taken for relevant that gives the best accuracy, or
 * the best F1, and what that is; of equal ones the highest. It lies halfway between two scores, and
 * is the lowest score when all are taken. When taking nothing is best, it is the next number above
 * the highest score (accuracy) or, without hits, 0 (F1, which then is 0, too). */
typedef struct eval_threshold {
    double value, threshold, precision, recall;
    size_t taken, hits; /* candidates, and relevant ones among them */
} eval_threshold;
eval_threshold eval_best_accuracy(const eval_ranking *r);
eval_threshold eval_best_f1(const eval_ranking *r);

/* Matthews' correlation of what is taken with what is relevant (Matthews 1975); 0 where a side has
 * one value alone. */
double eval_matthews(const eval_ranking *r, const eval_threshold *t);

#endif
