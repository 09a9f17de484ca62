/* Multinomial logistic regression over hashed bag-of-words features of a pair of texts. */
#ifndef BASELINE_CLASSIFIER_H
#define BASELINE_CLASSIFIER_H

#include "data/corpus.h"

typedef struct baseline_classifier baseline_classifier;

/* Learns `classes` classes from every row of a corpus of labelled pairs, in some epochs of AdaGrad
 * (Duchi, Hazan & Singer 2011), one row at a time in an order drawn from the seed. */
baseline_classifier *baseline_classifier_train(const data_corpus *corpus, size_t classes,
                                               uint64_t seed, base_error *error);
void baseline_classifier_free(baseline_classifier *c);

/* The most likely class of a row. */
bool baseline_classifier_predict(baseline_classifier *c, const data_row *row, uint32_t *predicted,
                                 base_error *error);

#endif
