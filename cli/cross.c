#include "cli/cross.h"

#include "base/log.h"
#include "cli/progress.h"
#include "cli/signals.h"

#include <stdlib.h>

nn_model *cli_cross_load(const char *folder, base_error *error) {
    nn_model_options options = nn_model_as_is;
    options.task = NN_CROSS_ENCODER;
    nn_model *m = nn_model_load(folder, &options, error);
    if (!m || m->classifier->labels == 1)
        return m;
    base_fail(error, BASE_BAD_INPUT,
              "%s: its classifier has %zu labels, expected one, whose score orders candidates",
              folder, m->classifier->labels);
    nn_model_free(m);
    return NULL;
}

bool cli_cross_scores(const cli_arguments *a, const nn_model *model, const data_text *first,
                      const data_text *second, size_t count, bool prints, float *score,
                      base_error *error) {
    size_t truncated = 0;
    cli_progress progress;
    nn_context *context = nn_context_new(error);
    if (!context)
        return false;
    cli_signals_watch();
    nn_context_profile(context, a->profile);
    cli_progress_start(&progress, "pairs", count, prints);
    nn_context_progress(context, &progress.report);
    bool ok = nn_model_score(model, context, first, second, count, 0, score, &truncated, error) &&
              nn_classifier_scores(model->classifier, score, count, error);
    cli_progress_end(&progress);
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu pairs were cut to %zu tokens", truncated, count,
                 model->max_length);
    nn_context_free(context);
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
