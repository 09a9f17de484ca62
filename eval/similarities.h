/* How alike the texts of each row are, by every similarity. */
#ifndef EVAL_SIMILARITIES_H
#define EVAL_SIMILARITIES_H

#include "eval/evaluator.h"
#include "search/similarity.h"

/* alike[(column - 1) * SEARCH_SIMILARITIES + kind][row]: of a row's first text and the one of a
 * column. Start with {0}. */
typedef struct eval_similarities {
    size_t rows, columns, width; /* columns behind the first; width of an embedding */
    double *alike;
} eval_similarities;

/* Embeds the corpus; cut texts are added to *truncated. Release with eval_similarities_free, also
 * on failure. */
bool eval_similarities_make(eval_similarities *s, const eval_subject *subject,
                            const data_corpus *corpus, size_t *truncated, base_error *error);
void eval_similarities_free(eval_similarities *s);

/* [rows] of the first text and that of a column (at least 1). */
const double *eval_similarities_of(const eval_similarities *s, search_similarity_kind kind,
                                   size_t column);

/* The order in which results have them: number i, the model's own first. */
search_similarity_kind eval_similarities_at(search_similarity_kind own, size_t i);

#endif
