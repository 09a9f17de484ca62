/* Evaluators: a model on a corpus to a few numbers. One file a kind (evaluator_*.c), one line in
 * evaluators.def. */
#ifndef EVAL_EVALUATOR_H
#define EVAL_EVALUATOR_H

#include "data/corpus.h"
#include "eval/metrics.h"
#include "nn/model.h"

enum { EVAL_MAX_METRICS = 16 };

/* A trained classifier of pairs, for evaluators that need one. */
typedef struct eval_head {
    size_t classes;
    /* Classes (< classes) of `count` pairs from their embeddings u[count * width],
     * v[count * width]. */
    bool (*classify)(void *context, const float *u, const float *v, size_t count,
                     uint32_t *predicted, base_error *error);
    void *context;
} eval_head;

/* What is judged. */
typedef struct eval_subject {
    const nn_model *model;
    nn_context *context;
    const eval_head *head; /* NULL: the model has none */
} eval_subject;

typedef struct eval_metric {
    const char *name; /* as in JSON: "spearman_cosine" */
    eval_value value; /* a fraction: tables show it times 100 */
} eval_metric;

/* Start with {0}, release with eval_result_free. */
typedef struct eval_result {
    size_t pairs, truncated; /* truncated: texts cut to the model's length */
    eval_metric metric[EVAL_MAX_METRICS];
    size_t metrics;
    size_t classes, *confusion; /* NLI: [classes * classes], row gold, column predicted; or NULL */
} eval_result;

typedef struct eval_def {
    const char *name;      /* "sts" */
    data_target_kind kind; /* of the corpus it needs, with two text columns */
    bool needs_head;
    const char *const *metrics; /* NULL-terminated; the first is the main one */
    bool (*run)(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                base_error *error);
} eval_def;

/* The table's entries; NULL at its end, or when there is none of that name. */
const eval_def *eval_evaluator_at(size_t i);
const eval_def *eval_evaluator_find(const char *name);

/* The evaluators' names, NULL-terminated, and one line about each (NULL: none of that name). */
const char *const *eval_evaluator_names(void);
const char *eval_evaluator_summary(const char *name);

/* Runs an evaluator after checking that corpus and subject are what it needs. */
bool eval_run(const eval_def *def, const eval_subject *subject, const data_corpus *corpus,
              eval_result *out, base_error *error);

/* The value of a metric; undefined when the result has none of that name. */
eval_value eval_result_get(const eval_result *result, const char *name);
void eval_result_free(eval_result *result);

/* For evaluators: embeds both columns of the corpus, some thousand pairs at a time, and gives each
 * part to `take` with the number of its first pair. Cut texts are added to *truncated. */
typedef bool eval_take(void *context, size_t first, size_t count, const float *u, const float *v,
                       base_error *error);
bool eval_embed_pairs(const eval_subject *subject, const data_corpus *corpus, eval_take *take,
                      void *context, size_t *truncated, base_error *error);

#endif
