/* NLI: accuracy of the trained head over the pair's two embeddings, and the confusion matrix. */
#include "eval/evaluator.h"

#include <stdlib.h>

static const char *const metrics[] = {"accuracy", NULL};

typedef struct nli_counts {
    const eval_head *head;
    const data_corpus *corpus;
    size_t *confusion;
} nli_counts;

static bool take(void *context, size_t first, size_t count, const float *u, const float *v,
                 base_error *error) {
    nli_counts *n = context;
    uint32_t *predicted = base_alloc(count, sizeof *predicted, error);
    bool ok = predicted && n->head->classify(n->head->context, u, v, count, predicted, error);
    for (size_t i = 0; ok && i < count; i++) {
        data_row row;
        data_corpus_row(n->corpus, first + i, &row);
        ok = row.label < n->head->classes ||
             base_fail(
                 error, BASE_BAD_INPUT, "%s: line %zu: the label is number %u, the head has %zu",
                 data_corpus_name(n->corpus), row.line, (unsigned)row.label, n->head->classes);
        if (ok)
            eval_confusion_add(n->confusion, n->head->classes, &row.label, &predicted[i], 1);
    }
    free(predicted);
    return ok;
}

static bool run(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                base_error *error) {
    size_t cells, classes = subject->head->classes;
    if (!base_size_mul(classes, classes, &cells))
        return base_fail(error, BASE_BAD_INPUT, "the head has too many classes");
    out->classes = classes;
    out->confusion = base_alloc(cells, sizeof *out->confusion, error);
    nli_counts n = {subject->head, corpus, out->confusion};
    if (!out->confusion || !eval_embed_pairs(subject, corpus, take, &n, &out->truncated, error))
        return false;
    out->metric[0] = (eval_metric){metrics[0], eval_accuracy(out->confusion, classes)};
    out->metrics = 1;
    return true;
}

const eval_def eval_nli_def = {
    .name = "nli",
    .kind = DATA_TARGET_CLASS,
    .needs_head = true,
    .metrics = metrics,
    .run = run,
};
