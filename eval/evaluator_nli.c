/* NLI: accuracy of the trained head over the pair's two embeddings, and the confusion matrix. */
#include "eval/evaluator.h"

#include <stdlib.h>

static const eval_measure measures[] = {{.name = "accuracy"}, {0}};

typedef struct nli_counts {
    eval_head *head;
    const data_corpus *corpus;
    size_t classes;
    double *confusion;
} nli_counts;

static bool take(void *context, size_t first, size_t count, const float *const *of,
                 base_error *error) {
    nli_counts *n = context;
    double *logits = base_alloc(count, n->classes * sizeof *logits, error);
    bool ok = logits && eval_head_logits(n->head, of[0], of[1], count, logits, error);
    for (size_t i = 0; ok && i < count; i++) {
        data_row row;
        data_corpus_row(n->corpus, first + i, &row);
        ok = row.label < n->classes ||
             base_fail(error, BASE_BAD_INPUT,
                       "%s: line %zu: the label is number %u, the head has %zu",
                       data_corpus_name(n->corpus), row.line, (unsigned)row.label, n->classes);
        if (ok)
            n->confusion[row.label * n->classes +
                         eval_largest(logits + i * n->classes, n->classes)]++;
    }
    free(logits);
    return ok;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    const loss_setting *s = eval_head_setting(subject->head);
    const eval_table *table = eval_result_add_table(out, "confusion", "gold \\ predicted", s->label,
                                                    s->classes, s->label, s->classes, error);
    if (!table)
        return false;
    nli_counts n = {subject->head, data->corpus, s->classes, table->cell};
    return eval_embed(subject, data->corpus, take, &n, &out->truncated, error) &&
           eval_result_add(out, &measures[0], "", eval_accuracy(table->cell, s->classes), error);
}

const eval_def eval_nli_def = {
    .name = "nli",
    .task = NN_BI_ENCODER,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_CLASS,
    .needs_head = true,
    .measures = measures,
    .run = run,
};
