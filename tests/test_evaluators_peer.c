/* Evaluators of bi-encoders beside sentence-transformers' 6.2, on the same vectors and files, by
 * tests/golden/make_evaluators.py: rank metrics, thresholds, AP and errors to 1e-9. */
#include "base/file.h"
#include "eval/evaluator.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char folder[] = "tests/golden/evaluators";

static char *path_of(const char *name) {
    base_error error = {0};
    char *path = base_path(folder, name, &error);
    cr_assert_not_null(path);
    return path;
}

static nn_model *load(const char *similarity) {
    base_error error = {0};
    char *path = path_of("vectors.txt");
    nn_model *m = nn_model_from_vectors(path, &error);
    cr_assert(m, "%s", error.text);
    m->similarity = similarity;
    free(path);
    return m;
}

/* A teacher whose vectors are the model's, negative and reversed. */
static void teach(eval_data *data, const nn_model *m, nn_context *context) {
    base_error error = {0};
    size_t width = m->encoded;
    eval_subject same = {.model = m, .context = context};
    cr_assert(eval_data_teach(data, &same, &error), "%s", error.text);
    for (size_t i = 0; i < data_corpus_rows(data->corpus); i++)
        for (size_t j = 0; j < (width + 1) / 2; j++) {
            float *a = data->teacher + i * width + j, *b = data->teacher + (i + 1) * width - 1 - j;
            float kept = *a;
            *a = -*b;
            *b = -kept;
        }
}

/* A loss is computed in `real`. */
static void expect_metrics(const eval_result *r, const cJSON *metrics, const char *name,
                           double tolerance) {
    for (const cJSON *m = metrics->child; m; m = m->next) {
        eval_value found = eval_result_get(r, m->string);
        cr_expect_null(found.undefined, "%s: %s is undefined: %s", name, m->string,
                       found.undefined);
        cr_expect(fabs(found.value - m->valuedouble) <= tolerance * (1 + fabs(m->valuedouble)),
                  "%s: %s is %.17g, expected %.17g", name, m->string, found.value, m->valuedouble);
    }
}

/* The loss of a case, which also says what its rows are; NULL: it has none. */
static loss *objective_of(const cJSON *c, size_t width, data_reader_options *how) {
    static const char *const triplet[] = {"anchor", "positive", "negative"};
    const cJSON *config = base_json_get(c, "loss");
    base_error error = {0};
    if (!config)
        return NULL;
    loss *l = loss_new(config, &(loss_setting){.width = width}, "case", "", &error);
    cr_assert(l, "%s", error.text);
    *how = (data_reader_options){.kind = loss_definition(l)->target, .score_high = 1};
    if (loss_definition(l)->min_columns == 3) {
        how->columns = 3;
        memcpy(how->column, triplet, sizeof triplet);
    }
    return l;
}

static void expect_case(const cJSON *c) {
    static const char *const names[] = {"0", "1"};
    static const uint32_t values[] = {0, 1};
    const char *name = base_json_get(c, "data")->valuestring;
    const eval_def *def = eval_evaluator_find(base_json_get(c, "kind")->valuestring);
    data_reader_options how = {0};
    base_error error = {0};
    if (def->finds_labels) /* a set may have one of them alone */
        how = (data_reader_options){.labels = 2, .label_name = names, .label_value = values};
    nn_model *m = load(base_json_get(c, "similarity")->valuestring);
    nn_context *context = nn_context_new(&error);
    char *path = path_of(name);
    eval_data data;
    eval_result r = {0};
    loss *objective = objective_of(c, m->width, &how);
    eval_subject subject = {
        .model = m, .context = context, .objective = objective, .objective_rows = 16};
    cr_assert(eval_data_read(def, path, &how, &data, &error), "%s", error.text);
    if (def->needs_teacher)
        teach(&data, m, context);
    cr_assert(eval_run(&subject, &data, &r, &error), "%s: %s", name, error.text);
    expect_metrics(&r, base_json_get(c, "metrics"), name,
                   objective && sizeof(real) < sizeof(double) ? 1e-5 : 1e-9);
    eval_result_free(&r);
    eval_data_free(&data);
    loss_free(objective);
    nn_context_free(context);
    nn_model_free(m);
    free(path);
}

Test(evaluators_peer, numbers_are_those_of_sentence_transformers) {
    base_error error = {0};
    char *path = path_of("expected.json");
    cJSON *cases = base_json_file(path, &error);
    cr_assert(cases, "%s", error.text);
    for (const cJSON *c = cases->child; c; c = c->next)
        expect_case(c);
    cJSON_Delete(cases);
    free(path);
}
