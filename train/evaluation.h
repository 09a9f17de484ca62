/* The evaluations of a run: the files of evaluation.data, read once, and the score by which the
 * best model is kept. */
#ifndef TRAIN_EVALUATION_H
#define TRAIN_EVALUATION_H

#include "eval/evaluator.h"
#include "losses/loss.h"
#include "train/config.h"

typedef struct train_evaluations train_evaluations;

/* Reads the files. `head` is the loss whose classes labels stand for, NULL when there is none;
 * entries without `labels` have the head's. A metric that no dev entry has, patience without a dev
 * entry, and labels that do not fit the head are errors. */
train_evaluations *train_evaluations_new(const train_config *config, const loss *head,
                                         base_error *error);
void train_evaluations_free(train_evaluations *e);

/* Whether there is an entry for `when` ("dev", "test"). */
bool train_evaluations_any(const train_evaluations *e, const char *when);

/* The metric that decides, and the file of the entry that has it; NULL when there is no dev entry.
 */
const char *train_evaluations_metric(const train_evaluations *e);
const char *train_evaluations_file(const train_evaluations *e);

typedef bool train_evaluations_take(void *context, const train_evaluation *entry,
                                    const eval_result *result, base_error *error);

/* Runs every entry for `when` and gives each result to `take`. *score gets the deciding metric's
 * value (undefined when there is none). */
bool train_evaluations_run(const train_evaluations *e, const char *when,
                           const eval_subject *subject, train_evaluations_take *take, void *context,
                           eval_value *score, base_error *error);

#endif
