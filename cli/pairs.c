#include "cli/pairs.h"

#include "base/log.h"
#include "cli/progress.h"
#include "cli/signals.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED = 4 };
static const char *const column_names[NAMED] = {"sentence1", "sentence2", "score", "gold_label"};

/* One "A=B" of --columns, which ends at a NUL. */
static bool rename_column(char *rename, const char **column, base_error *error) {
    char *equals = strchr(rename, '=');
    for (size_t i = 0; equals && i < NAMED; i++)
        if (strncmp(rename, column_names[i], (size_t)(equals - rename)) == 0 &&
            column_names[i][equals - rename] == '\0') {
            column[i] = equals + 1;
            return true;
        }
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "--columns: found '%s', expected A=B with A one of sentence1, sentence2, "
                     "score, gold_label",
                     base_escape(shown, sizeof shown, rename, strlen(rename)));
}

/* column[NAMED] as --columns has it; names that it does not rename are left alone. They lie in
 * *text, to be given to free(). */
static bool name_columns(const cli_arguments *a, const char **column, char **text,
                         base_error *error) {
    const char *given = cli_text(a, "columns");
    *text = given ? base_copy(given, strlen(given)) : NULL;
    if (given && !*text)
        return base_fail(error, BASE_FAILED, "out of memory");
    for (char *at = *text, *comma; at; at = comma) {
        comma = strchr(at, ',');
        if (comma)
            *comma++ = '\0';
        if (!rename_column(at, column, error))
            return false;
    }
    return true;
}

bool cli_pairs_check(const cli_arguments *a, base_error *error) {
    const char *column[NAMED] = {NULL};
    char *text;
    bool ok = name_columns(a, column, &text, error);
    free(text);
    return ok;
}

data_corpus *cli_pairs_read(const cli_arguments *a, const char *file,
                            const data_reader_options *what, base_error *error) {
    const char *column[NAMED] = {column_names[0], column_names[1], NULL, NULL};
    char *text;
    data_corpus *corpus = NULL;
    if (name_columns(a, column, &text, error)) {
        data_reader_options reader = *what;
        reader.format = cli_text(a, "format");
        reader.no_header = cli_flag(a, "no-header");
        if (text) { /* without --columns a format has its own */
            reader.column[0] = column[0];
            reader.column[1] = column[1];
        }
        reader.target = column[what->kind == DATA_TARGET_SCORE ? 2 : 3];
        corpus = data_read(file, &reader, error);
    }
    free(text);
    return corpus;
}

/* What is made of the pairs of a file: their embeddings or, with `logits`, those of a
 * cross-encoder. */
typedef struct pairs_job {
    const nn_model *model;
    eval_take *take;
    eval_take_logits *logits;
    void *context;
} pairs_job;

static bool run_job(const cli_arguments *a, const pairs_job *job, const data_corpus *corpus,
                    nn_context *encoding, base_error *error) {
    size_t truncated = 0, texts = (job->logits ? 1 : 2) * data_corpus_rows(corpus);
    cli_progress progress;
    cli_signals_watch();
    nn_context_profile(encoding, a->profile);
    cli_progress_start(&progress, job->logits ? "pairs" : "texts", texts, true);
    eval_subject subject = {.model = job->model, .context = encoding, .progress = &progress.report};
    bool ok = job->logits
                  ? eval_score_pairs(&subject, corpus, job->logits, job->context, &truncated, error)
                  : eval_embed_pairs(&subject, corpus, job->take, job->context, &truncated, error);
    cli_progress_end(&progress);
    if (ok && truncated)
        base_log(BASE_LOG_WARNING, "%zu of %zu %s were cut to %zu tokens", truncated, texts,
                 job->logits ? "pairs" : "texts", job->model->max_length);
    return ok;
}

static bool run_on_file(const cli_arguments *a, const char *file, const pairs_job *job,
                        base_error *error) {
    data_corpus *corpus = cli_pairs_read(a, file, &(data_reader_options){0}, error);
    nn_context *encoding = corpus ? nn_context_new(error) : NULL;
    bool ok = encoding && run_job(a, job, corpus, encoding, error);
    nn_context_free(encoding);
    data_corpus_free(corpus);
    return ok;
}

bool cli_pairs_embed(const cli_arguments *a, const char *file, const nn_model *model,
                     eval_take *take, void *context, base_error *error) {
    pairs_job job = {.model = model, .take = take, .context = context};
    return run_on_file(a, file, &job, error);
}

bool cli_pairs_score(const cli_arguments *a, const char *file, const nn_model *model,
                     eval_take_logits *take, void *context, base_error *error) {
    pairs_job job = {.model = model, .logits = take, .context = context};
    return run_on_file(a, file, &job, error);
}
