/* The evaluations of a run: the files of evaluation.data, read once, and the score by which the
 * best model is kept. */
#ifndef TRAIN_EVALUATION_H
#define TRAIN_EVALUATION_H

#include "eval/evaluator.h"
#include "losses/loss.h"
#include "train/config.h"
#include "train/sources.h"

typedef struct train_evaluations train_evaluations;

/* Reads the files, and copies the rows that the sources hold out. `head` is the loss whose classes
 * labels stand for, NULL when there is none; entries without `labels` have the head's. Those
 * that measure a loss have that of the first entry of train.data, or of the one that holds their
 * rows out. `model` tokenises prompts. A metric that no dev entry has, patience without a dev
 * entry, and labels that do not fit the head are errors. */
train_evaluations *train_evaluations_new(const train_config *config, const nn_model *model,
                                         const loss *head, const train_sources *sources,
                                         base_error *error);
void train_evaluations_free(train_evaluations *e);

/* Whether there is an entry for `when`. */
bool train_evaluations_any(const train_evaluations *e, train_when when);

/* By what the best model is kept: a metric, or the mean of several, of which those that are better
 * when smaller count negative beside others. */
typedef struct train_decider {
    const char *metric; /* "spearman_cosine", "mean of a, b"; NULL: there is no dev entry */
    const char *file;   /* of the entries that have it: "a.tsv", "a.tsv, b.tsv" */
    bool smaller;       /* the smaller the better */
    bool plain;         /* people see it as it is; else times 100 */
} train_decider;
const train_decider *train_evaluations_decider(const train_evaluations *e);

/* Whether score a is better than b. */
bool train_decider_better(const train_decider *decider, double a, double b);

/* Who gets each result, and who is told how many texts of an entry's file are done, and may stop it
 * (progress NULL: nobody). */
typedef struct train_evaluations_listener {
    /* `score` is what decides; NULL but for one of the entries that have it. */
    bool (*take)(void *context, const train_evaluation *entry, const eval_result *result,
                 const eval_value *score, base_error *error);
    void *context;
    const base_progress *progress;
} train_evaluations_listener;

/* Runs every entry for `when`, then gives the results of all, on a model and the head of a loss
 * (NULL: none). *score gets what decides (undefined when it is, or nothing does). */
bool train_evaluations_run(const train_evaluations *e, train_when when, const nn_model *model,
                           nn_context *context, const loss *head,
                           const train_evaluations_listener *listener, eval_value *score,
                           base_error *error);

/* The same on a model folder and the loss/ in it; nothing is loaded when there is no entry. */
bool train_evaluations_run_folder(const train_evaluations *e, train_when when, const char *folder,
                                  nn_context *context, const train_evaluations_listener *listener,
                                  base_error *error);

#endif
