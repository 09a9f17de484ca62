/* What a model must beat: answers from bags of words, without any model of meaning. */
#ifndef BASELINE_BASELINE_H
#define BASELINE_BASELINE_H

#include "eval/evaluator.h"

/* Scored pairs: correlation of the cosine of word counts with the scores (spearman_cosine,
 * pearson_cosine). */
bool baseline_sts(const data_corpus *corpus, eval_result *out, base_error *error);

/* Labelled pairs: a softmax classifier (multinomial logistic regression) over hashed counts of the
 * words of u, of v, |u-v| and u*v, learnt on `train` by AdaGrad (Duchi et al. 2011), judged on
 * `test`: accuracy, confusion, and majority_accuracy of always saying train's most frequent label.
 * The same rows and seed give the same result. */
bool baseline_nli(const data_corpus *train, const data_corpus *test, uint64_t seed,
                  eval_result *out, base_error *error);

#endif
