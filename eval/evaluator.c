#include "eval/evaluator.h"

#include "search/similarity.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_ONCE = 8192 };

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

/* "spearman_cosine" is the measure "spearman" by "cosine". */
static bool is_metric(const eval_def *def, const char *measure, const char *metric) {
    size_t size = strlen(measure);
    if (strncmp(measure, metric, size) != 0)
        return false;
    return def->by_similarity ? metric[size] == '_' &&
                                    search_similarity_find(metric + size + 1) != SEARCH_SIMILARITIES
                              : !metric[size];
}

const eval_measure *eval_measure_of(const eval_def *def, const char *metric) {
    for (const eval_measure *m = def->measures; m->name; m++)
        if (is_metric(def, m->name, metric))
            return m;
    return NULL;
}

char *eval_main_metric(const eval_def *def, const nn_model *model, base_error *error) {
    const char *measure = (def->main ? def->main(model) : def->measures)->name;
    char *name = base_format("%s%s%s", measure, def->by_similarity ? "_" : "",
                             def->by_similarity ? model->similarity : "");
    if (!name)
        base_fail(error, BASE_FAILED, "out of memory");
    return name;
}

static bool takes(const eval_def *def, bool pairs) {
    return def->task == NN_ANY_TASK || (def->task == NN_CROSS_ENCODER) == pairs;
}

bool eval_check_task(const eval_def *def, const nn_model *model, const char *what,
                     base_error *error) {
    base_bytes known = {0};
    bool pairs = model && model->classifier;
    if (takes(def, pairs)) {
        size_t labels = pairs ? model->classifier->labels : 0;
        return !def->most_labels || labels <= def->most_labels ||
               base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluator %s needs a cross-encoder with one label, and the model has "
                         "%zu",
                         what, def->name, labels);
    }
    for (size_t i = 0; eval_evaluator_at(i); i++)
        if (takes(eval_evaluator_at(i), pairs))
            base_bytes_format(&known, error, "%s%s", known.size ? ", " : "",
                              eval_evaluator_at(i)->name);
    base_fail(error, BASE_BAD_INPUT,
              "%s: evaluator %s judges %s, and the model is a %s; expected one of %s", what,
              def->name, pairs ? "bi-encoders" : "cross-encoders",
              pairs ? "cross-encoder" : "bi-encoder", known.size ? known.data : "");
    base_bytes_free(&known);
    return false;
}

/* ---- data ---- */

bool eval_takes_columns(const eval_def *def, size_t columns) {
    return columns >= (def->fewest_columns ? def->fewest_columns : def->columns) &&
           columns <= (def->most_columns ? def->most_columns : def->columns);
}

static bool check_how(const eval_def *def, const char *path, const data_reader_options *how,
                      base_error *error) {
    if (def->reading)
        return !(how->columns || how->format || how->target || how->no_header) ||
               base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluator %s reads no table, expected no format, columns, target or "
                         "header",
                         path, def->name);
    return !how->columns || eval_takes_columns(def, how->columns) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: found %zu text columns, expected %zu as evaluator %s takes them", path,
                     how->columns, def->columns, def->name);
}

static data_corpus *read_rows(const eval_def *def, const char *path, const data_reader_options *how,
                              base_error *error) {
    data_reader_options o = *how;
    if (!def->needs_loss)
        o.kind = def->kind;
    if (!o.columns) {
        o.columns = def->columns;
        memcpy(o.column, def->column, def->columns * sizeof *def->column);
    }
    o.find_labels = (def->finds_labels || def->needs_loss) && !o.labels;
    return data_read(path, &o, error);
}

bool eval_data_read(const eval_def *def, const char *path, const data_reader_options *how,
                    eval_data *out, base_error *error) {
    *out = (eval_data){.def = def};
    if (!check_how(def, path, how, error))
        return false;
    if (def->reading)
        return (out->own = def->reading->read(path, error)) != NULL;
    return (out->corpus = read_rows(def, path, how, error)) != NULL;
}

void eval_data_free(eval_data *data) {
    data_corpus_free(data->corpus);
    free(data->teacher);
    if (data->own)
        data->def->reading->release(data->own);
    *data = (eval_data){0};
}

size_t eval_data_texts(const eval_data *data, const nn_model *model) {
    if (data->def->reading)
        return data->def->reading->texts(data->own);
    size_t rows = data_corpus_rows(data->corpus);
    return model->classifier ? rows : rows * data_corpus_columns(data->corpus);
}

bool eval_data_files(const eval_def *def, const char *path, eval_visit *visit, void *context,
                     base_error *error) {
    return def->reading ? def->reading->files(path, visit, context, error)
                        : visit(context, path, error);
}

bool eval_run(const eval_subject *subject, const eval_data *data, eval_result *out,
              base_error *error) {
    const eval_def *def = data->def;
    const data_corpus *corpus = data->corpus;
    const char *name = corpus ? data_corpus_name(corpus) : def->name;
    if (!eval_check_task(def, subject->model, name, error))
        return false;
    if (def->needs_head && !subject->head)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluator %s needs a trained softmax head, and the model has none",
                         name, def->name);
    if (def->needs_teacher && !eval_check_teacher(data, subject->model, error))
        return false;
    *out = (eval_result){.counted = def->counted,
                         .examples = corpus ? data_corpus_rows(corpus) : 0,
                         .skipped = corpus ? data_corpus_skipped(corpus) : 0};
    return def->run(subject, data, out, error);
}

bool eval_check_teacher(const eval_data *data, const nn_model *model, base_error *error) {
    const char *name = data_corpus_name(data->corpus);
    if (!data->teacher)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: evaluator %s needs a teacher, and there is none", name,
                         data->def->name);
    return data->teacher_width == model->encoded ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: the teacher's embeddings have %zu numbers, expected %zu as the model's "
                     "have",
                     name, data->teacher_width, model->encoded);
}

bool eval_positive_label(const eval_subject *subject, const data_corpus *corpus, uint32_t *out,
                         base_error *error) {
    const nn_classifier *c = subject->model->classifier;
    const char *own = c ? c->label[0] : NULL;
    const char *const wanted[] = {subject->positive, subject->positive ? NULL : own,
                                  subject->positive ? NULL : "1"};
    base_bytes known = {0}, expected = {0};
    for (size_t n = 0; n < 3; n++)
        if (wanted[n] && data_corpus_find_label(corpus, wanted[n], out))
            return true;
    for (size_t i = 0; i < data_corpus_labels(corpus); i++)
        base_bytes_format(&known, error, "%s%s", i ? ", " : "", data_corpus_label_name(corpus, i));
    for (size_t n = 0; n < 3; n++)
        if (wanted[n]) {
            base_bytes_format(&expected, error, "%s", expected.size ? " or " : "");
            base_bytes_escape(&expected, wanted[n], strlen(wanted[n]), error);
        }
    base_fail(error, BASE_BAD_INPUT,
              "%s: its labels are %s, expected among them %s, the label of pairs that belong "
              "together (of a cross-encoder: that it scores high)",
              data_corpus_name(corpus), known.size ? known.data : "none",
              expected.size ? expected.data : "one");
    base_bytes_free(&known);
    base_bytes_free(&expected);
    return false;
}

bool *eval_positive_rows(const eval_subject *subject, const data_corpus *corpus,
                         base_error *error) {
    uint32_t positive;
    size_t rows = data_corpus_rows(corpus);
    bool *out = eval_positive_label(subject, corpus, &positive, error)
                    ? base_alloc(rows, sizeof *out, error)
                    : NULL;
    for (size_t i = 0; out && i < rows; i++)
        out[i] = data_corpus_label(corpus, i) == positive;
    return out;
}

/* ---- embedding ---- */

/* A pass over parts, which a context tells its progress of meanwhile. */
typedef struct pass {
    const eval_subject *subject;
    base_part_progress part;
    base_progress report;
    size_t *truncated;
} pass;

static void start(pass *p, const eval_subject *subject, size_t total, size_t *truncated) {
    *p = (pass){.subject = subject, .part = {subject->progress, 0, total}, .truncated = truncated};
    p->report = base_progress_of_part(&p->part);
    if (subject->progress)
        nn_context_progress(subject->context, &p->report);
}

static void end(const pass *p) {
    if (p->subject->progress)
        nn_context_progress(p->subject->context, NULL);
    nn_context_prompt(p->subject->context, NULL);
}

/* Texts of a column, behind its prompt. */
static bool embed(pass *p, const data_text *texts, size_t count, size_t column, float *out,
                  base_error *error) {
    const eval_subject *s = p->subject;
    size_t cut = 0;
    nn_context_prompt(s->context, s->prompt ? &s->prompt[column] : NULL);
    bool ok = nn_model_encode(s->model, s->context, texts, count, 0, out, &cut, error);
    *p->truncated += cut;
    p->part.before += count;
    return ok;
}

/* Texts of `columns` columns, column after column; at once when they have no prompts of their own.
 */
static bool embed_columns(pass *p, const data_text *texts, size_t count, size_t columns, float *out,
                          base_error *error) {
    if (!p->subject->prompt)
        return embed(p, texts, columns * count, 0, out, error);
    bool ok = true;
    for (size_t c = 0; ok && c < columns; c++)
        ok = embed(p, texts + c * count, count, c, out + c * count * p->subject->model->encoded,
                   error);
    return ok;
}

/* Texts of rows [first, first + count), column after column. */
static void collect(const data_corpus *corpus, size_t first, size_t count, data_text *texts) {
    for (size_t i = 0; i < count; i++) {
        data_row row;
        data_corpus_row(corpus, first + i, &row);
        for (size_t c = 0; c < row.columns; c++)
            texts[c * count + i] = row.text[c];
    }
}

/* Bytes of `count` embeddings; false when there are too many. */
static bool embedding_bytes(const nn_model *model, size_t count, size_t *bytes, base_error *error) {
    return (base_size_mul(model->encoded, sizeof(float), bytes) &&
            base_size_mul(*bytes, count, bytes)) ||
           base_fail(error, BASE_BAD_INPUT, "the model's embeddings are too wide");
}

static bool embed_parts(pass *p, const data_corpus *corpus, eval_take *take, void *context,
                        base_error *error) {
    size_t rows = data_corpus_rows(corpus), columns = data_corpus_columns(corpus);
    size_t part = rows < ROWS_AT_ONCE ? rows : ROWS_AT_ONCE, width = p->subject->model->encoded;
    size_t bytes;
    if (!embedding_bytes(p->subject->model, columns, &bytes, error))
        return false;
    data_text *texts = base_alloc(part, columns * sizeof *texts, error);
    float *vectors = base_alloc(part, bytes, error);
    bool ok = texts && vectors;
    for (size_t first = 0; ok && first < rows; first += part) {
        size_t count = rows - first < part ? rows - first : part;
        const float *of[DATA_MAX_COLUMNS];
        for (size_t c = 0; c < columns; c++)
            of[c] = vectors + c * count * width;
        collect(corpus, first, count, texts);
        ok = embed_columns(p, texts, count, columns, vectors, error) &&
             take(context, first, count, of, error);
    }
    free(texts);
    free(vectors);
    return ok;
}

bool eval_embed(const eval_subject *subject, const data_corpus *corpus, eval_take *take,
                void *context, size_t *truncated, base_error *error) {
    pass p;
    start(&p, subject, data_corpus_columns(corpus) * data_corpus_rows(corpus), truncated);
    bool ok = embed_parts(&p, corpus, take, context, error);
    end(&p);
    return ok;
}

data_text *eval_columns(const data_corpus *corpus, base_error *error) {
    size_t rows = data_corpus_rows(corpus);
    data_text *texts = base_alloc(rows, data_corpus_columns(corpus) * sizeof *texts, error);
    if (texts)
        collect(corpus, 0, rows, texts);
    return texts;
}

bool eval_data_teach(eval_data *data, const eval_subject *teacher, base_error *error) {
    const data_corpus *corpus = data->corpus;
    if (teacher->model->classifier)
        return base_fail(error, BASE_BAD_INPUT,
                         "%s: the teacher is a cross-encoder, expected a model with embeddings",
                         data_corpus_name(corpus));
    size_t truncated = 0;
    data_text *texts = eval_columns(corpus, error);
    eval_texts set = {texts, data_corpus_rows(corpus), 0, NULL};
    bool ok = texts && eval_embed_texts(teacher, &set, 1, &truncated, error);
    data->teacher = set.out;
    data->teacher_width = teacher->model->encoded;
    free(texts);
    return ok;
}

bool eval_data_teach_by(eval_data *data, const char *folder, base_error *error) {
    nn_model *model = nn_model_load(folder, &nn_model_any, error);
    nn_context *context = model ? nn_context_new(error) : NULL;
    eval_subject teacher = {.model = model, .context = context};
    bool ok = context && eval_data_teach(data, &teacher, error);
    nn_context_free(context);
    nn_model_free(model);
    return ok;
}

bool eval_embed_texts(const eval_subject *subject, eval_texts *sets, size_t count,
                      size_t *truncated, base_error *error) {
    pass p;
    size_t total = 0, bytes;
    for (size_t i = 0; i < count; i++)
        total += sets[i].count;
    start(&p, subject, total, truncated);
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = embedding_bytes(subject->model, sets[i].count, &bytes, error) &&
             (sets[i].out = base_alloc(bytes, 1, error)) &&
             embed(&p, sets[i].text, sets[i].count, sets[i].column, sets[i].out, error);
    end(&p);
    return ok;
}

static bool score_parts(pass *p, const data_corpus *corpus, eval_take_logits *take, void *context,
                        base_error *error) {
    const eval_subject *s = p->subject;
    size_t rows = data_corpus_rows(corpus), part = rows < ROWS_AT_ONCE ? rows : ROWS_AT_ONCE;
    data_text *texts = base_alloc(part, data_corpus_columns(corpus) * sizeof *texts, error);
    float *logits = base_alloc(part, s->model->width * sizeof *logits, error);
    bool ok = texts && logits;
    for (size_t first = 0; ok && first < rows; first += part) {
        size_t cut = 0, count = rows - first < part ? rows - first : part;
        collect(corpus, first, count, texts);
        ok = nn_model_score(s->model, s->context, texts, texts + count, count, 0, logits, &cut,
                            error) &&
             take(context, first, count, logits, error);
        *p->truncated += cut;
        p->part.before += count;
    }
    free(texts);
    free(logits);
    return ok;
}

bool eval_score_pairs(const eval_subject *subject, const data_corpus *corpus,
                      eval_take_logits *take, void *context, size_t *truncated, base_error *error) {
    pass p;
    start(&p, subject, data_corpus_rows(corpus), truncated);
    nn_context_prompt(subject->context, subject->prompt);
    bool ok = score_parts(&p, corpus, take, context, error);
    end(&p);
    return ok;
}

static bool take_scores(void *context, size_t first, size_t count, const float *logits,
                        base_error *error) {
    (void)error;
    memcpy((float *)context + first, logits, count * sizeof *logits);
    return true;
}

bool eval_pair_scores(const eval_subject *subject, const data_corpus *corpus, double *score,
                      size_t *truncated, base_error *error) {
    size_t pairs = data_corpus_rows(corpus);
    float *logit = base_alloc(pairs, sizeof *logit, error);
    bool ok = logit && eval_score_pairs(subject, corpus, take_scores, logit, truncated, error) &&
              nn_classifier_scores(subject->model->classifier, logit, pairs, error);
    for (size_t i = 0; ok && i < pairs; i++)
        score[i] = (double)logit[i];
    free(logit);
    return ok;
}
