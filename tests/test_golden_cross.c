/* Cross-encoders of every family against sentence-transformers, in both builds
 * (tests/golden/make_cross.py). */
#include "base/file.h"
#include "losses/loss.h"
#include "nn/model.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "train/batch.h"
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REAL_DOUBLE
static const double tolerance = 1e-9;
#else
static const double tolerance = 1e-5;
#endif

enum { PAIRS = 6, LABELS = 3, LENGTH = 19, ROWS = 4, STEPS = 10 };
#define LONG "the woman sees the small red ball near the house a "
static const char *const pair[PAIRS][2] = {
    {"the man plays", "a dog"},
    {"", "the small red ball"},
    {LONG LONG LONG, "the man sees a dog"},
    {"a dog", LONG LONG LONG},
    {LONG LONG LONG, LONG LONG LONG LONG},
    {"the dog plays near the house.", ""},
};
static const double scores[PAIRS] = {0.0, 0.25, 1.0, 0.5, 0.75, 0.1};
static const double margins[ROWS] = {1.0, -0.5, 0.25, 2.0};
static const uint32_t labels[PAIRS] = {2, 0, 1, 2, 0, 1};

static const char folder[] = "tests/golden/cross/model";
static base_error error;

/* ---- the golden file ---- */

/* The numbers under a key. */
static double *expected(const char *key, size_t count) {
    nn_safetensors *file = nn_safetensors_open("tests/golden/cross/golden.safetensors", &error);
    cr_assert(file, "%s", error.text);
    const nn_tensor_info *info = nn_safetensors_find(file, key);
    cr_assert(info && !strcmp(info->dtype, "F64"), "no %s", key);
    cr_assert_eq(info->elements, count, "%s: %zu numbers, expected %zu", key, info->elements,
                 count);
    double *values = malloc(count * sizeof *values);
    cr_assert(nn_safetensors_read_raw(file, info, values, &error), "%s", error.text);
    nn_safetensors_close(file);
    return values;
}

static void expect(const char *key, const real *got, size_t count, double bound) {
    double *want = expected(key, count), norm = 1e-3;
    for (size_t i = 0; i < count; i++)
        norm = fmax(norm, fabs(want[i]));
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs((double)got[i] - want[i]) <= bound * norm,
                  "%s, number %zu: %.12g, expected %.12g", key, i, (double)got[i], want[i]);
    free(want);
}

/* ---- a model and a store of the pairs ---- */

typedef struct world {
    nn_model *model;
    data_token_store *store;
    train_batch batch;
    tape *tape;
} world;

/* Rows (first, second) of the pairs, with `texts` 3 also the next row's second. */
static data_token_store *make_store(const nn_model *m, size_t rows, size_t texts) {
    data_corpus *corpus = data_corpus_new("pairs", texts, DATA_TARGET_NONE, &error);
    for (size_t i = 0; i < rows; i++) {
        const char *text[] = {pair[i][0], pair[i][1], pair[(i + 1) % rows][1]};
        data_row row = {.columns = texts, .line = i + 1};
        for (size_t c = 0; c < texts; c++)
            row.text[c] = (data_text){text[c], strlen(text[c])};
        cr_assert(data_corpus_add(corpus, &row, &error));
    }
    data_tokenising how = {.tokenizer = m->tokenizer, .pairs = true, .max_length = m->max_length};
    data_token_store *store = data_token_store_new(corpus, &how, &error);
    cr_assert(store, "%s", error.text);
    return store;
}

static void open_world(world *w, nn_model *model, size_t rows, size_t texts, size_t negatives) {
    static const uint32_t row[PAIRS] = {0, 1, 2, 3, 4, 5};
    size_t bytes, scratch;
    error = (base_error){0};
    *w = (world){.model = model};
    w->store = make_store(model, rows, texts);
    w->batch.negatives.count = negatives;
    cr_assert(train_batch_fill(&w->batch, w->store, row, rows, 0, &error), "%s", error.text);
    const tape_layout *layout = &w->batch.layout;
    cr_assert(nn_model_tape_bytes(model, layout->tokens, layout->texts, true, &bytes) &&
              nn_model_scratch_bytes(model, layout->tokens, model->max_length, &scratch));
    w->tape = tape_new(bytes, scratch, &error);
    cr_assert(w->tape, "%s", error.text);
    cr_assert(nn_params_train(model->encoder->params, &error) &&
              nn_params_train(model->module_params, &error));
}

static void close_world(world *w) {
    tape_free(w->tape);
    train_batch_free(&w->batch);
    data_token_store_free(w->store);
    nn_model_free(w->model);
}

static tape_node *forward(world *w) {
    nn_params *set[] = {w->model->encoder->params, w->model->module_params};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < nn_params_count(set[s]); i++)
            tape_param_clear_grad(nn_params_at(set[s], i));
    tape_begin(w->tape, &(tape_mode){.record = true});
    tape_node *y = nn_model_forward(w->model, w->tape, &w->batch.layout);
    cr_assert(y, "%s", tape_error(w->tape)->text);
    return y;
}

/* ---- every family ---- */

/* A family's folder; of RoBERTa's a copy whose tokenizer gives both texts the type 0. */
static const char *family_folder(const char *family) {
    static char path[200];
    char command[400];
    snprintf(path, sizeof path, "tests/golden/%s/model", family);
    if (strcmp(family, "roberta") != 0 && strcmp(family, "xlmr") != 0)
        return path;
    snprintf(command, sizeof command,
             "cp -r %s %s && sed -i 's/\"type_id\": 1/\"type_id\": 0/' %s/tokenizer.json", path,
             fixture_path("family"), fixture_path("family"));
    cr_assert_eq(system(command), 0);
    return strcpy(path, fixture_path("family"));
}

static nn_model *make_family(const char *family) {
    nn_model_options options = nn_model_as_is;
    options.max_length = LENGTH;
    error = (base_error){0};
    nn_model *m = nn_model_load(family_folder(family), &options, &error);
    cr_assert(m, "%s", error.text);
    cr_assert(nn_model_make_cross_encoder(m, LABELS, NULL, 1, &options, &error), "%s", error.text);
    for (size_t i = 0; i < nn_params_count(m->module_params); i++) {
        char key[120];
        tape_param *p = nn_params_at(m->module_params, i);
        const char *name = nn_params_view_at(m->module_params, i)->name;
        snprintf(key, sizeof key, "%s.head.%s", family, name);
        double *values = expected(key, p->rows * p->cols);
        for (size_t k = 0; k < p->rows * p->cols; k++)
            p->value[k] = (real)values[k];
        free(values);
    }
    return m;
}

/* Of sum over i of sin(i + 1) y[i]. */
static void differentiate(world *w, tape_node *y) {
    size_t count = y->rows * y->cols;
    real *probe = malloc(count * sizeof *probe);
    for (size_t i = 0; i < count; i++)
        probe[i] = (real)sin((double)i + 1);
    cr_assert(tape_backward(w->tape, y, probe));
    free(probe);
}

/* Of the table of words, whose gradient has the rows that were looked up. */
static void expect_words(const char *key, const tape_param *words) {
    size_t count = words->rows * words->cols;
    real *all = calloc(count, sizeof *all);
    for (size_t s = 0; s < words->sparse->slots; s++)
        memcpy(all + words->sparse->row[s] * words->cols, words->grad + s * words->cols,
               words->cols * sizeof *all);
    expect(key, all, count, tolerance);
    free(all);
}

typedef struct family {
    char name[16];
} family;

ParameterizedTestParameters(golden_cross, families) {
    static family all[] = {{"tiny"},  {"distil"}, {"roberta"}, {"xlmr"},
                           {"mpnet"}, {"albert"}, {"modern"}};
    return cr_make_param_array(family, all, sizeof all / sizeof *all);
}

ParameterizedTest(family *f, golden_cross, families) {
    char key[120];
    world w;
    open_world(&w, make_family(f->name), PAIRS, 2, 0);
    tape_node *y = forward(&w);
    snprintf(key, sizeof key, "%s.logits", f->name);
    expect(key, y->value, PAIRS * LABELS, tolerance);
    differentiate(&w, y);
    for (size_t i = 0; i < nn_params_count(w.model->module_params); i++) {
        const tape_param *p = nn_params_at(w.model->module_params, i);
        snprintf(key, sizeof key, "%s.grad.%s", f->name,
                 nn_params_view_at(w.model->module_params, i)->name);
        expect(key, p->grad, p->rows * p->cols, tolerance);
    }
    snprintf(key, sizeof key, "%s.grad.words", f->name);
    expect_words(key, nn_params_at(w.model->encoder->params, w.model->encoder->transformer.words));
    close_world(&w);
}

/* ---- a folder as Python writes it ---- */

static nn_model *load(void) {
    error = (base_error){0};
    nn_model *m = nn_model_load(folder,
                                &(nn_model_options){.pooling = -1,
                                                    .normalize = -1,
                                                    .hidden_dropout = 0,
                                                    .attention_dropout = 0,
                                                    .task = NN_CROSS_ENCODER},
                                &error);
    cr_assert(m, "%s", error.text);
    return m;
}

/* Python keeps them in float. */
Test(golden_cross, scores_of_its_predict) {
    data_text text[2][PAIRS];
    float got[PAIRS];
    size_t truncated;
    nn_model *m = load();
    nn_context *context = nn_context_new(&error);
    cr_expect_eq(m->classifier->labels, 1);
    for (size_t i = 0; i < PAIRS; i++)
        for (size_t c = 0; c < 2; c++)
            text[c][i] = (data_text){pair[i][c], strlen(pair[i][c])};
    cr_assert(nn_model_score(m, context, text[0], text[1], PAIRS, 0, got, &truncated, &error), "%s",
              error.text);
    cr_expect_eq(truncated, 3);
    cr_assert(nn_classifier_scores(m->classifier, got, PAIRS, &error), "%s", error.text);
    double *want = expected("scores", PAIRS);
    for (size_t i = 0; i < PAIRS; i++)
        cr_expect_float_eq((double)got[i], want[i], 1e-6, "pair %zu: %g, expected %g", i,
                           (double)got[i], want[i]);
    free(want);
    nn_context_free(context);
    nn_model_free(m);
}

/* ---- losses ---- */

typedef struct cross_loss {
    char name[24], config[120];
    size_t texts, negatives;
    int margins; /* the scores are margins */
} cross_loss;

ParameterizedTestParameters(golden_cross, losses) {
    static cross_loss all[] = {
        {"binary_cross_entropy", "\"binary_cross_entropy\"", 2, 0, 0},
        {"mse", "\"pair_mse\"", 2, 0, 0},
        {"cross_entropy", "\"cross_entropy\"", 2, 0, 0},
        {"margin_mse", "\"pair_margin_mse\"", 3, 0, 1},
        {"listwise", "{\"name\": \"pair_mnrl\", \"negatives\": 1000}", 3, 1000, 0},
    };
    return cr_make_param_array(cross_loss, all, sizeof all / sizeof *all);
}

static tape_node *build_loss(world *w, const loss *l, const double *score) {
    loss_target target = {.kind = loss_definition(l)->target,
                          .examples = w->batch.target.examples,
                          .label = labels,
                          .score = score};
    tape_node *logits = forward(w);
    tape_node *y = loss_build(l, w->tape, &logits, w->batch.columns, &target);
    cr_assert(y, "%s", tape_error(w->tape)->text);
    return y;
}

ParameterizedTest(cross_loss *c, golden_cross, losses) {
    char key[120];
    world w;
    bool classes = !strcmp(c->name, "cross_entropy");
    nn_model *m = classes ? make_family("tiny") : load();
    m->max_length = 24;
    open_world(&w, m, ROWS, c->texts, c->negatives);
    cJSON *config = cJSON_Parse(c->config);
    loss_setting setting = {.width = m->width, .classes = m->width};
    loss *l = loss_new(config, &setting, "test", "", &error);
    cr_assert(l, "%s", error.text);
    tape_node *y = build_loss(&w, l, c->margins ? margins : scores);
    snprintf(key, sizeof key, "loss.%s", c->name);
    expect(key, y->value, 1, tolerance);
    cr_assert(tape_backward(w.tape, y, NULL));
    const tape_param *p = nn_params_at(m->module_params, m->classifier->out.weight);
    snprintf(key, sizeof key, "loss.%s.grad", c->name);
    expect(key, p->grad, p->rows * p->cols, tolerance);
    loss_free(l);
    cJSON_Delete(config);
    close_world(&w);
}

Test(golden_cross, ten_steps) {
    world w;
    real got[STEPS];
    cJSON *config = cJSON_CreateString("binary_cross_entropy");
    train_adamw settings = {
        .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = 0.01, .clip = 1};
    open_world(&w, load(), PAIRS, 2, 0);
    loss *l = loss_new(config, &(loss_setting){.width = 1, .classes = 1}, "test", "", &error);
    train_optimizer *o = train_optimizer_new(&settings, &error);
    cr_assert(l && o && train_optimizer_add(o, w.model->encoder->params, 1, 1, &error) &&
                  train_optimizer_add(o, w.model->module_params, 1, 1, &error),
              "%s", error.text);
    for (size_t s = 0; s < STEPS; s++) {
        train_optimizer_look_up(o, w.batch.layout.ids, w.batch.layout.tokens);
        tape_node *y = build_loss(&w, l, scores);
        got[s] = y->value[0];
        cr_assert(tape_backward(w.tape, y, NULL));
        train_optimizer_update(o, 1e-3, train_optimizer_norm(o));
    }
    expect("train", got, STEPS, tolerance);
    train_optimizer_free(o);
    loss_free(l);
    cJSON_Delete(config);
    close_world(&w);
}
