#include "cli/cross.h"

#include "base/log.h"

#include <stdlib.h>

bool cli_cross_open(cli_cross *c, const char *folder, base_error *error) {
    nn_model_options options = nn_model_as_is;
    options.task = NN_CROSS_ENCODER;
    c->model = nn_model_load(folder, &options, error);
    if (c->model && c->model->classifier->labels != 1)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: its classifier has %zu labels, expected one, whose score orders "
                         "candidates",
                         folder, c->model->classifier->labels);
    c->context = c->model ? nn_context_new(error) : NULL;
    return c->context != NULL;
}

void cli_cross_close(cli_cross *c) {
    if (c->truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu pairs were cut to %zu tokens", c->truncated,
                 c->pairs, c->model->max_length);
    nn_context_free(c->context);
    nn_model_free(c->model);
    *c = (cli_cross){0};
}

bool cli_cross_score(cli_cross *c, const data_text *first, const data_text *second, size_t count,
                     float *score, base_error *error) {
    size_t truncated = 0;
    bool ok =
        nn_model_score(c->model, c->context, first, second, count, 0, score, &truncated, error) &&
        nn_classifier_scores(c->model->classifier, score, count, error);
    c->pairs += count;
    c->truncated += truncated;
    return ok;
}

static int by_score(const void *a, const void *b) {
    const cli_candidate *x = a, *y = b;
    if (x->query != y->query)
        return x->query < y->query ? -1 : 1;
    if (x->score < y->score || x->score > y->score)
        return x->score > y->score ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

void cli_candidates_sort(cli_candidate *candidates, size_t count) {
    if (count)
        qsort(candidates, count, sizeof *candidates, by_score);
}
