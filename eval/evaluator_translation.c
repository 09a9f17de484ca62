/* Translations: the share of texts whose most similar text of the other column, by cosine, is their
 * translation or equal to it, in both directions and their mean, as sentence-transformers'
 * TranslationEvaluator has them. Of equally similar ones the first counts. */
#include "eval/evaluator.h"
#include "search/topk.h"

#include <stdlib.h>
#include <string.h>

static const eval_measure measures[] = {
    {.name = "mean_accuracy"}, {.name = "forward_accuracy"}, {.name = "backward_accuracy"}, {0}};

static bool same(data_text a, data_text b) {
    return a.size == b.size && (a.size == 0 || !memcmp(a.bytes, b.bytes, a.size));
}

/* Share of the rows of `from` whose nearest of `to` is theirs. */
static bool match(const eval_texts *from, const eval_texts *to, size_t width, double *accuracy,
                  base_error *error) {
    search_vectors queries = search_vectors_of("texts", from->out, from->count, width);
    search_vectors corpus = search_vectors_of("translations", to->out, to->count, width);
    search_hit *hits = base_alloc(from->count, sizeof *hits, error);
    bool ok = hits && search_topk(&queries, &corpus, SEARCH_COSINE, 1, hits, NULL, error);
    size_t right = 0;
    for (size_t i = 0; ok && i < from->count; i++)
        right += same(to->text[i], to->text[hits[i].row]);
    *accuracy = (double)right / (double)from->count;
    free(hits);
    return ok;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    size_t rows = out->examples, width = subject->model->encoded;
    data_text *texts = eval_columns(data->corpus, error);
    eval_texts sets[] = {{texts, rows, 0, NULL}, {texts ? texts + rows : NULL, rows, 1, NULL}};
    double forward = 0, backward = 0;
    bool ok = texts && eval_embed_texts(subject, sets, 2, &out->truncated, error) &&
              match(&sets[0], &sets[1], width, &forward, error) &&
              match(&sets[1], &sets[0], width, &backward, error);
    const double values[] = {(forward + backward) / 2, forward, backward};
    ok = ok && eval_result_add_all(out, measures, values, 3, "", error);
    free(sets[0].out);
    free(sets[1].out);
    free(texts);
    return ok;
}

const eval_def eval_translation_def = {
    .name = "translation",
    .task = NN_BI_ENCODER,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .measures = measures,
    .run = run,
};
