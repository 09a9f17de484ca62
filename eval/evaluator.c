#include "eval/evaluator.h"

#include <stdlib.h>
#include <string.h>

enum { PAIRS_AT_ONCE = 8192 };

#define EVALUATOR(name, summary) extern const eval_def eval_##name##_def;
#include "eval/evaluators.def"
#undef EVALUATOR

#define EVALUATOR(name, summary) &eval_##name##_def,
static const eval_def *const table[] = {
#include "eval/evaluators.def"
};
#undef EVALUATOR

#define EVALUATOR(name, summary) #name,
static const char *const names[] = {
#include "eval/evaluators.def"
    NULL};
#undef EVALUATOR

#define EVALUATOR(name, summary) summary,
static const char *const summaries[] = {
#include "eval/evaluators.def"
};
#undef EVALUATOR

const char *const *eval_evaluator_names(void) {
    return names;
}

const char *eval_evaluator_summary(const char *name) {
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return summaries[i];
    return NULL;
}

const eval_def *eval_evaluator_at(size_t i) {
    return i < sizeof table / sizeof table[0] ? table[i] : NULL;
}

const eval_def *eval_evaluator_find(const char *name) {
    for (size_t i = 0; eval_evaluator_at(i); i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    return NULL;
}

bool eval_check_task(const eval_def *def, const nn_model *model, const char *what,
                     base_error *error) {
    base_bytes known = {0};
    bool pairs = model && model->classifier;
    if (def->of_pairs == pairs) {
        size_t labels = pairs ? model->classifier->labels : 0;
        return !def->most_labels || labels <= def->most_labels ||
               base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluator %s needs a cross-encoder with one label, and the model has "
                         "%zu",
                         what, def->name, labels);
    }
    for (size_t i = 0; eval_evaluator_at(i); i++)
        if (eval_evaluator_at(i)->of_pairs == pairs)
            base_bytes_format(&known, error, "%s%s", known.size ? ", " : "",
                              eval_evaluator_at(i)->name);
    base_fail(error, BASE_BAD_INPUT,
              "%s: evaluator %s judges %s, and the model is a %s; expected one of %s", what,
              def->name, def->of_pairs ? "cross-encoders" : "bi-encoders",
              pairs ? "cross-encoder" : "bi-encoder", known.size ? known.data : "");
    base_bytes_free(&known);
    return false;
}

bool eval_run(const eval_def *def, const eval_subject *subject, const data_corpus *corpus,
              eval_result *out, base_error *error) {
    if (!eval_check_task(def, subject->model, data_corpus_name(corpus), error))
        return false;
    if (data_corpus_columns(corpus) != 2 || data_corpus_kind(corpus) != def->kind)
        return base_fail(error, BASE_BAD_INPUT, "%s: evaluator %s needs pairs of texts with a %s",
                         data_corpus_name(corpus), def->name,
                         def->kind == DATA_TARGET_SCORE ? "score" : "label");
    if (def->needs_head && !subject->head)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluator %s needs a trained softmax head, and the model has none",
                         data_corpus_name(corpus), def->name);
    *out = (eval_result){.counted = "pairs",
                         .examples = data_corpus_rows(corpus),
                         .skipped = data_corpus_skipped(corpus)};
    return def->run(subject, corpus, out, error);
}

/* Texts of pairs [first, first + count): first all of column 0, then all of column 1. */
static void collect(const data_corpus *corpus, size_t first, size_t count, data_text *texts) {
    for (size_t i = 0; i < count; i++) {
        data_row row;
        data_corpus_row(corpus, first + i, &row);
        texts[i] = row.text[0];
        texts[count + i] = row.text[1];
    }
}

/* Progress of one part as progress of the whole. */
typedef struct part_progress {
    const base_progress *whole;
    size_t before, total; /* texts */
} part_progress;

static bool report_part(void *context, size_t done, size_t total) {
    const part_progress *p = context;
    (void)total;
    return p->whole->report(p->whole->context, p->before + done, p->total);
}

static bool embed(const eval_subject *subject, const data_text *texts, size_t count, float *out,
                  size_t *truncated, base_error *error) {
    size_t cut = 0;
    bool ok = nn_model_encode(subject->model, subject->context, texts, count, 0, out, &cut, error);
    *truncated += cut;
    return ok;
}

/* Column after column. */
static bool embed_behind_prompts(const eval_subject *subject, const data_text *texts, size_t count,
                                 float *out, part_progress *progress, size_t *truncated,
                                 base_error *error) {
    bool ok = true;
    for (size_t c = 0; ok && c < 2; c++, progress->before += count) {
        nn_context_prompt(subject->context, &subject->prompt[c]);
        ok = embed(subject, texts + c * count, count, out + c * count * subject->model->encoded,
                   truncated, error);
    }
    nn_context_prompt(subject->context, NULL);
    return ok;
}

static bool embed_parts(const eval_subject *subject, const data_corpus *corpus, eval_take *take,
                        void *context, part_progress *progress, size_t *truncated,
                        base_error *error) {
    size_t rows = data_corpus_rows(corpus), width = subject->model->encoded;
    size_t part = rows < PAIRS_AT_ONCE ? rows : PAIRS_AT_ONCE, bytes;
    if (!base_size_mul(width, 2 * sizeof(float), &bytes))
        return base_fail(error, BASE_BAD_INPUT, "the model's embeddings are too wide");
    data_text *texts = base_alloc(part, 2 * sizeof *texts, error);
    float *uv = base_alloc(part, bytes, error);
    bool ok = texts && uv;
    for (size_t first = 0; ok && first < rows; first += part) {
        size_t count = rows - first < part ? rows - first : part;
        collect(corpus, first, count, texts);
        progress->before = 2 * first;
        ok = (subject->prompt
                  ? embed_behind_prompts(subject, texts, count, uv, progress, truncated, error)
                  : embed(subject, texts, 2 * count, uv, truncated, error)) &&
             take(context, first, count, uv, uv + count * width, error);
    }
    free(texts);
    free(uv);
    return ok;
}

static bool score_parts(const eval_subject *subject, const data_corpus *corpus,
                        eval_take_logits *take, void *context, part_progress *progress,
                        size_t *truncated, base_error *error) {
    size_t rows = data_corpus_rows(corpus), part = rows < PAIRS_AT_ONCE ? rows : PAIRS_AT_ONCE;
    data_text *texts = base_alloc(part, 2 * sizeof *texts, error);
    float *logits = base_alloc(part, subject->model->width * sizeof *logits, error);
    bool ok = texts && logits;
    for (size_t first = 0; ok && first < rows; first += part) {
        size_t cut = 0, count = rows - first < part ? rows - first : part;
        collect(corpus, first, count, texts);
        progress->before = first;
        ok = nn_model_score(subject->model, subject->context, texts, texts + count, count, 0,
                            logits, &cut, error) &&
             take(context, first, count, logits, error);
        *truncated += cut;
    }
    free(texts);
    free(logits);
    return ok;
}

bool eval_score_pairs(const eval_subject *subject, const data_corpus *corpus,
                      eval_take_logits *take, void *context, size_t *truncated, base_error *error) {
    part_progress progress = {subject->progress, 0, data_corpus_rows(corpus)};
    base_progress report = {report_part, &progress};
    nn_context_prompt(subject->context, subject->prompt);
    if (subject->progress)
        nn_context_progress(subject->context, &report);
    bool ok = score_parts(subject, corpus, take, context, &progress, truncated, error);
    if (subject->progress)
        nn_context_progress(subject->context, NULL);
    nn_context_prompt(subject->context, NULL);
    return ok;
}

bool eval_embed_pairs(const eval_subject *subject, const data_corpus *corpus, eval_take *take,
                      void *context, size_t *truncated, base_error *error) {
    part_progress progress = {subject->progress, 0, 2 * data_corpus_rows(corpus)};
    base_progress report = {report_part, &progress};
    if (subject->progress)
        nn_context_progress(subject->context, &report);
    bool ok = embed_parts(subject, corpus, take, context, &progress, truncated, error);
    if (subject->progress)
        nn_context_progress(subject->context, NULL);
    return ok;
}

bool eval_activate(const nn_classifier *c, double *logits, size_t count, base_error *error) {
    float *score = base_alloc(count, sizeof *score, error);
    if (!score)
        return false;
    for (size_t i = 0; i < count; i++)
        score[i] = (float)logits[i];
    bool ok = nn_classifier_scores(c, score, count, error);
    for (size_t i = 0; ok && i < count; i++)
        logits[i] = (double)score[i];
    free(score);
    return ok;
}
