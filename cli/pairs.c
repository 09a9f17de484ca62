#include "cli/pairs.h"

#include "base/log.h"
#include "cli/progress.h"
#include "cli/signals.h"

#include <stdlib.h>
#include <string.h>

/* Names that --columns can change: of texts, and behind them of targets. */
enum { FIRST, SECOND, SCORE = 6, LABEL, NAMED };
static const char *const column_names[NAMED] = {"sentence1", "sentence2", "anchor", "positive",
                                                "negative",  "sentence",  "score",  "gold_label"};

/* What they are called. */
typedef struct column_map {
    const char *called[NAMED]; /* NULL: not renamed */
    char *text;                /* where the new names lie */
} column_map;

/* One "A=B" of --columns, which ends at a NUL. */
static bool rename_column(char *rename, column_map *map, base_error *error) {
    char *equals = strchr(rename, '=');
    for (size_t i = 0; equals && i < NAMED; i++)
        if (strncmp(rename, column_names[i], (size_t)(equals - rename)) == 0 &&
            column_names[i][equals - rename] == '\0') {
            map->called[i] = equals + 1;
            return true;
        }
    char shown[100];
    return base_fail(error, BASE_BAD_INPUT,
                     "--columns: found '%s', expected A=B with A one of sentence1, sentence2, "
                     "anchor, positive, negative, sentence, score, gold_label",
                     base_escape(shown, sizeof shown, rename, strlen(rename)));
}

/* As --columns has them. `text` is to be given to free(), also on failure. */
static bool map_columns(const cli_arguments *a, column_map *map, base_error *error) {
    const char *given = cli_text(a, "columns");
    *map = (column_map){.text = given ? base_copy(given, strlen(given)) : NULL};
    if (given && !map->text)
        return base_fail(error, BASE_FAILED, "out of memory");
    for (char *at = map->text, *comma; at; at = comma) {
        comma = strchr(at, ',');
        if (comma)
            *comma++ = '\0';
        if (!rename_column(at, map, error))
            return false;
    }
    return true;
}

static const char *name_of(const column_map *map, const char *column) {
    for (size_t i = 0; i < NAMED; i++)
        if (map->called[i] && !strcmp(column, column_names[i]))
            return map->called[i];
    return column;
}

bool cli_pairs_check(const cli_arguments *a, base_error *error) {
    column_map map;
    bool ok = map_columns(a, &map, error);
    free(map.text);
    return ok;
}

static void use_options(const cli_arguments *a, const column_map *map, data_target_kind kind,
                        data_reader_options *reader) {
    reader->format = cli_text(a, "format");
    reader->no_header = cli_flag(a, "no-header");
    reader->target =
        kind == DATA_TARGET_NONE ? NULL : map->called[kind == DATA_TARGET_SCORE ? SCORE : LABEL];
}

data_corpus *cli_pairs_read(const cli_arguments *a, const char *file,
                            const data_reader_options *what, base_error *error) {
    column_map map;
    data_corpus *corpus = NULL;
    if (map_columns(a, &map, error)) {
        data_reader_options reader = *what;
        use_options(a, &map, what->kind, &reader);
        reader.column[0] = name_of(&map, column_names[FIRST]);
        reader.column[1] = name_of(&map, column_names[SECOND]);
        corpus = data_read(file, &reader, error);
    }
    free(map.text);
    return corpus;
}

bool cli_eval_read(const cli_arguments *a, const eval_def *def, const char *file,
                   const data_reader_options *what, eval_data *out, base_error *error) {
    column_map map;
    bool ok = map_columns(a, &map, error);
    data_reader_options reader = *what;
    if (ok && !def->reading) {
        use_options(a, &map, def->needs_loss ? what->kind : def->kind, &reader);
        if (!reader.columns) {
            reader.columns = def->columns;
            memcpy(reader.column, def->column, def->columns * sizeof *def->column);
        }
        for (size_t i = 0; i < reader.columns; i++)
            reader.column[i] = name_of(&map, reader.column[i]);
    }
    ok = ok && eval_data_read(def, file, &reader, out, error);
    free(map.text);
    return ok;
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
                  : eval_embed(&subject, corpus, job->take, job->context, &truncated, error);
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
