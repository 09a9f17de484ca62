/* Rows of an entry of train.data that a run takes (keys `sample` and `held_out`), and those held
 * out as data of evaluations, which name them "train.data[0]". */
#ifndef TRAIN_HELD_OUT_H
#define TRAIN_HELD_OUT_H

#include "eval/evaluator.h"
#include "train/config.h"

/* Whether evaluations and entries of train.data with held-out rows go together: each of these is
 * evaluated on, and each evaluation that names one says nothing of how rows are read. */
bool train_held_out_check(const train_config *config, base_error *error);

/* The entry of train.data that an evaluation's data names; SIZE_MAX: it is a file. */
size_t train_held_out_entry(const train_evaluation *evaluation);

/* The rows of *corpus, those of entry i, that are trained on take its place; *held_out gets a
 * corpus of the others, NULL when the entry holds none out. Says how many they are. */
bool train_held_out_draw(const train_config *config, size_t i, data_corpus **corpus,
                         data_corpus **held_out, base_error *error);

/* The held-out rows of entry i as data of an evaluator, copied; release with eval_data_free. Scores
 * that all are 0 or 1 (the ends of their scale) are labels "0" and "1" where labels are needed.
 * Rows that do not fit the evaluator are an error. */
bool train_held_out_data(const data_corpus *held_out, size_t i, const eval_def *def, eval_data *out,
                         base_error *error);

#endif
