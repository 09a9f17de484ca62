#include "train/card.h"

#include <stdlib.h>
#include <string.h>

/* The last part of a path as code; no name of a file ends that or the line. */
static bool add_name(base_bytes *out, const char *path, base_error *error) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char shown[300];
    base_escape(shown, sizeof shown, name, strlen(name));
    for (char *at = shown; (at = strchr(at, '`'));)
        *at = '\'';
    return base_bytes_format(out, error, "`%s`", shown);
}

static bool add_data(base_bytes *out, const train_sources *sources, base_error *error) {
    bool ok = true;
    for (size_t i = 0; ok && i < sources->count; i++) {
        const train_source *s = &sources->source[i];
        const base_key_names *files = &s->entry->data;
        for (size_t f = 0; ok && f < files->count; f++)
            ok = base_bytes_format(out, error, "%s",
                                   f   ? ", "
                                   : i ? "\n- "
                                       : "- ") &&
                 add_name(out, files->name[f], error);
        ok = ok &&
             base_bytes_format(out, error, ": %zu rows of %zu texts, loss %s",
                               data_token_store_rows(s->store), data_token_store_columns(s->store),
                               loss_definition(s->loss)->name);
    }
    return ok;
}

static bool add_recipe(base_bytes *out, const train_config *c, size_t steps, base_error *error) {
    return base_bytes_format(
        out, error,
        "- %zu steps of %zu rows, seed %zu\n"
        "- AdamW: learning rate %g, schedule %s, warm-up %g, weight decay %g, clipped to norm %g\n"
        "- trained with `sbert train`",
        steps, c->batch_size * c->accumulation, c->seed, c->learning_rate,
        base_json_get(c->schedule, "name")->valuestring, c->warmup, c->weight_decay, c->clip);
}

bool train_card_fill(nn_card *card, const train_config *c, const train_sources *sources,
                     size_t steps, base_error *error) {
    base_bytes data = {0}, recipe = {0};
    bool ok = add_data(&data, sources, error) && add_recipe(&recipe, c, steps, error);
    free(card->data);
    free(card->recipe);
    card->data = data.data;
    card->recipe = recipe.data;
    return ok;
}

void train_card_clear_scores(nn_card *card) {
    free(card->scores);
    card->scores = NULL;
}

bool train_card_add_scores(nn_card *card, size_t step, const train_evaluation *entry,
                           const eval_result *result, base_error *error) {
    base_bytes out = {0};
    bool ok = base_bytes_format(&out, error, "%s%s- ", card->scores ? card->scores : "",
                                card->scores ? "\n" : "") &&
              add_name(&out, entry->data, error) &&
              base_bytes_format(&out, error, ", %zu %s, after step %zu:", result->examples,
                                result->counted, step);
    for (size_t i = 0; ok && i < result->metrics; i++) {
        const eval_metric *m = &result->metric[i];
        if (!m->value.undefined)
            ok = base_bytes_format(&out, error, "%s %s %.2f", i ? "," : "", m->name,
                                   (m->plain ? 1 : 100) * m->value.value);
    }
    train_card_clear_scores(card);
    card->scores = out.data;
    return ok;
}
