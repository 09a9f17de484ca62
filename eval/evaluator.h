/* Evaluators: a model on a corpus to a few numbers. One file a kind (evaluator_*.c), one line in
 * evaluators.def. */
#ifndef EVAL_EVALUATOR_H
#define EVAL_EVALUATOR_H

#include "data/corpus.h"
#include "eval/head.h"
#include "eval/result.h"
#include "nn/model.h"

/* What is evaluated. */
typedef struct eval_subject {
    const nn_model *model;
    nn_context *context;
    const base_progress *progress; /* told how many texts of a corpus are done; NULL: nobody */
    eval_head *head;               /* NULL: the model has none */
    const char *positive;          /* label of the pairs that a cross-encoder with one label scores
                                    * high; NULL: the name of its label, else "1" */
    const data_prompt *prompt;     /* [2] before the texts of each column; NULL: the context's */
} eval_subject;

typedef struct eval_def {
    const char *name;      /* "sts" */
    data_target_kind kind; /* of the corpus it needs, with two text columns */
    bool needs_head;
    bool of_pairs;              /* takes a cross-encoder, else a bi-encoder */
    size_t most_labels;         /* of the cross-encoder; 0: any number */
    const char *const *metrics; /* names, NULL-terminated; the first is the main one */
    /* Fills a result that is empty but for counts of the corpus. */
    bool (*run)(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                base_error *error);
} eval_def;

/* The table's entries; NULL at its end, or when there is none of that name. */
const eval_def *eval_evaluator_at(size_t i);
const eval_def *eval_evaluator_find(const char *name);

/* The evaluators' names, NULL-terminated, and one line about each (NULL: none of that name). */
const char *const *eval_evaluator_names(void);
const char *eval_evaluator_summary(const char *name);

/* Whether a model is of the evaluator's task. `what` begins the sentence: a file or a config. */
bool eval_check_task(const eval_def *def, const nn_model *model, const char *what,
                     base_error *error);

/* Runs an evaluator after checking that corpus and subject are what it needs. */
bool eval_run(const eval_def *def, const eval_subject *subject, const data_corpus *corpus,
              eval_result *out, base_error *error);

/* For evaluators: embeds both columns of the corpus, some thousand pairs at a time, and gives each
 * part to `take` with the number of its first pair. Cut texts are added to *truncated. */
typedef bool eval_take(void *context, size_t first, size_t count, const float *u, const float *v,
                       base_error *error);
bool eval_embed_pairs(const eval_subject *subject, const data_corpus *corpus, eval_take *take,
                      void *context, size_t *truncated, base_error *error);

/* The same of a cross-encoder: the logits [count * labels] of each part of the pairs. */
typedef bool eval_take_logits(void *context, size_t first, size_t count, const float *logits,
                              base_error *error);
bool eval_score_pairs(const eval_subject *subject, const data_corpus *corpus,
                      eval_take_logits *take, void *context, size_t *truncated, base_error *error);

/* Logits of a cross-encoder with one label to its scores, in place: as float numbers, whose ties
 * count. */
bool eval_activate(const nn_classifier *c, double *logits, size_t count, base_error *error);

#endif
