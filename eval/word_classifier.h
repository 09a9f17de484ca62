/* Multinomial logistic regression over hashed bag-of-words features of a pair of texts. */
#ifndef EVAL_WORD_CLASSIFIER_H
#define EVAL_WORD_CLASSIFIER_H

#include "data/corpus.h"

typedef struct eval_word_classifier eval_word_classifier;

/* Learns `classes` classes from every row of a corpus of labelled pairs, in some epochs of AdaGrad
 * (Duchi, Hazan & Singer 2011), one row at a time in an order drawn from the seed. */
eval_word_classifier *eval_word_classifier_train(const data_corpus *corpus, size_t classes,
                                                 uint64_t seed, base_error *error);
void eval_word_classifier_free(eval_word_classifier *c);

/* The most likely class of a row. */
bool eval_word_classifier_predict(eval_word_classifier *c, const data_row *row, uint32_t *predicted,
                                  base_error *error);

#endif
