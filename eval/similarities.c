#include "eval/similarities.h"

#include <stdlib.h>

static bool take(void *context, size_t first, size_t count, const float *const *of,
                 base_error *error) {
    const eval_similarities *s = context;
    (void)error;
    for (size_t c = 1; c <= s->columns; c++)
        for (int kind = 0; kind < SEARCH_SIMILARITIES; kind++) {
            double *alike = s->alike + ((c - 1) * SEARCH_SIMILARITIES + (size_t)kind) * s->rows;
            for (size_t i = 0; i < count; i++)
                alike[first + i] =
                    search_similarity((search_similarity_kind)kind, of[0] + i * s->width,
                                      of[c] + i * s->width, s->width);
        }
    return true;
}

bool eval_similarities_make(eval_similarities *s, const eval_subject *subject,
                            const data_corpus *corpus, size_t *truncated, base_error *error) {
    *s = (eval_similarities){.rows = data_corpus_rows(corpus),
                             .columns = data_corpus_columns(corpus) - 1,
                             .width = subject->model->encoded};
    s->alike = base_alloc(s->rows, s->columns * SEARCH_SIMILARITIES * sizeof *s->alike, error);
    return s->alike && eval_embed(subject, corpus, take, s, truncated, error);
}

void eval_similarities_free(eval_similarities *s) {
    free(s->alike);
    *s = (eval_similarities){0};
}

const double *eval_similarities_of(const eval_similarities *s, search_similarity_kind kind,
                                   size_t column) {
    return s->alike + ((column - 1) * SEARCH_SIMILARITIES + (size_t)kind) * s->rows;
}

search_similarity_kind eval_similarities_at(search_similarity_kind own, size_t i) {
    return i == 0 ? own : (search_similarity_kind)(i <= (size_t)own ? i - 1 : i);
}
