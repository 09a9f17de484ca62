/* TSDAE against sentence-transformers, in both builds (tests/golden/make_tsdae.py). */
#include "losses/loss.h"
#include "nn/model.h"
#include "nn/safetensors.h"
#include "train/batch.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef REAL_DOUBLE
static const double tolerance = 1e-9;
#else
static const double tolerance = 1e-5;
#endif

enum { BATCHES = 5, MOST_ROWS = 4, MOST_TENSORS = 128, PROBES = 2 };
#define LONG "the woman sees the small red ball near the house a "
static const struct batch {
    size_t rows;
    const char *text[MOST_ROWS][2]; /* noisy, as it was */
} batches[BATCHES] = {
    {2, {{"man plays", "the man plays"}, {"dog", "a dog sleeps near the house."}}},
    {3,
     {{"", "the bird"},
      {"a ball", ""},
      {"dog sees", "the dog sees the big red ball in the street"}}},
    {1, {{"red", "a red guitar"}}},
    {3,
     {{LONG LONG LONG, LONG LONG LONG LONG},
      {"happy", "the happy child eats"},
      {"happy", "the happy child eats"}}},
    {4,
     {{"holds", "she holds the guitars."},
      {"the the", "the the the the"},
      {"dog", "dog"},
      {"food on", "red food on"}}},
};

static base_error error;

typedef struct decoder_case {
    char family[16];
    int tied;
} decoder_case;

ParameterizedTestParameters(golden_tsdae, value_and_gradients) {
    static decoder_case all[] = {{"tiny", 1}, {"tiny", 0}, {"roberta", 1}, {"roberta", 0}};
    return cr_make_param_array(decoder_case, all, sizeof all / sizeof *all);
}

static double *expected(const decoder_case *c, size_t batch, const char *what, size_t count) {
    char *key = base_format("%s.%s.%zu.%s", c->family, c->tied ? "tied" : "untied", batch, what);
    nn_safetensors *file = nn_safetensors_open("tests/golden/tsdae/golden.safetensors", &error);
    cr_assert(file, "%s", error.text);
    const nn_tensor_info *info = nn_safetensors_find(file, key);
    cr_assert(info && info->elements == count, "%s: expected %zu numbers", key, count);
    double *values = malloc(count * sizeof *values);
    cr_assert(nn_safetensors_read_raw(file, info, values, &error), "%s", error.text);
    nn_safetensors_close(file);
    free(key);
    return values;
}

/* ---- one pass ---- */

typedef struct world {
    nn_model *model;
    loss *loss;
    data_token_store *store;
    train_batch batch;
    tape_layout encoded;
    tape *tape;
} world;

static data_token_store *make_store(const nn_model *m, const struct batch *b) {
    data_corpus *corpus = data_corpus_new("texts", 2, DATA_TARGET_NONE, &error);
    for (size_t i = 0; i < b->rows; i++) {
        data_row row = {.columns = 2, .line = i + 1};
        for (size_t c = 0; c < 2; c++)
            row.text[c] = (data_text){b->text[i][c], strlen(b->text[i][c])};
        cr_assert(data_corpus_add(corpus, &row, &error), "%s", error.text);
    }
    data_tokenising how = {.tokenizer = m->tokenizer, .max_length = m->max_length};
    data_token_store *store = data_token_store_new(corpus, &how, &error);
    cr_assert(store, "%s", error.text);
    return store;
}

static loss *make_loss(const nn_model *m, const decoder_case *c) {
    cJSON *config = cJSON_Parse(c->tied ? "\"tsdae\"" : "{\"name\": \"tsdae\", \"tied\": false}");
    loss *l = loss_new(config, &(loss_setting){.width = m->width, .model = m}, "test", "", &error);
    cr_assert(l && loss_start(l, 1, &error), "%s", error.text);
    char *path = base_format("tests/golden/tsdae/%s.decoder.safetensors", c->family);
    nn_weights_source source = {.path = path, .scope = "", .data = true};
    cr_assert(nn_weights_read(loss_params(l), &source, &error), "%s", error.text);
    free(path);
    cJSON_Delete(config);
    return l;
}

static void open_world(world *w, const decoder_case *c, const struct batch *b) {
    static const uint32_t rows[MOST_ROWS] = {0, 1, 2, 3};
    nn_model_options options = {.pooling = -1, .normalize = -1};
    size_t bytes, more, scratch;
    char *folder = base_format("tests/golden/%s/model", c->family);
    error = (base_error){0};
    *w = (world){.model = nn_model_load(folder, &options, &error)};
    cr_assert(w->model, "%s", error.text);
    w->loss = make_loss(w->model, c);
    w->store = make_store(w->model, b);
    cr_assert(train_batch_fill(&w->batch, w->store, rows, b->rows, 0, &error));
    const tape_layout *all = &w->batch.layout;
    size_t longest = data_token_store_longest(w->store);
    cr_assert(nn_model_tape_bytes(w->model, all->tokens, all->texts, true, &bytes) &&
              loss_tape_bytes(w->loss, b->rows, 2, longest, &more) &&
              nn_model_scratch_bytes(w->model, all->tokens, longest, &scratch));
    w->tape = tape_new(bytes + more, scratch, &error);
    cr_assert(w->tape && nn_params_train(w->model->encoder->params, &error) &&
                  nn_params_train(loss_params(w->loss), &error),
              "%s", error.text);
    w->encoded = *all;
    w->encoded.texts = b->rows;
    w->encoded.tokens = all->start[b->rows];
    free(folder);
}

static void close_world(world *w) {
    tape_free(w->tape);
    train_batch_free(&w->batch);
    data_token_store_free(w->store);
    loss_free(w->loss);
    nn_model_free(w->model);
}

static tape_node *forward(world *w) {
    tape_begin(w->tape, &(tape_mode){.record = true});
    tape_node *pooled = nn_model_forward(w->model, w->tape, &w->encoded);
    tape_node *y = pooled ? loss_build(w->loss, w->tape, &pooled, 2, &w->batch.target) : NULL;
    cr_assert(y, "%s", tape_error(w->tape)->text);
    return y;
}

/* ---- gradients by name ---- */

typedef struct named {
    const char *name;
    const real *grad;
    size_t count;
    bool own;    /* the decoder's */
    real *whole; /* of a gradient of some rows: with the others, which are zero; else NULL */
} named;

static int by_name(const void *a, const void *b) {
    const named *x = a, *y = b;
    return x->own != y->own ? x->own - y->own : strcmp(x->name, y->name);
}

static real *whole_gradient(const tape_param *p) {
    if (!p->sparse)
        return NULL;
    real *all = calloc(p->rows * p->cols, sizeof *all);
    for (size_t s = 0; s < p->sparse->slots; s++)
        memcpy(all + p->sparse->row[s] * p->cols, p->grad + s * p->cols, p->cols * sizeof *all);
    return all;
}

static size_t list_views(nn_params *set, bool own, named *out, size_t count) {
    for (size_t i = 0; i < nn_params_views(set); i++) {
        const nn_param_view *view = nn_params_view_at(set, i);
        const tape_param *p = nn_params_at(set, view->param);
        cr_assert(p->has_grad, "%s has no gradient", view->name);
        real *whole = whole_gradient(p);
        out[count++] =
            (named){view->name, (whole ? whole : p->grad) + view->offset,
                    view->dims[0] * (view->dim_count > 1 ? view->dims[1] : 1), own, whole};
    }
    return count;
}

static double probe(const named *n, double angle) {
    double dot = 0;
    for (size_t i = 0; i < n->count; i++)
        dot += (double)n->grad[i] * sin(angle * (double)(i + 1));
    return dot;
}

static double norm(const named *n) {
    double sum = 0;
    for (size_t i = 0; i < n->count; i++)
        sum += (double)n->grad[i] * (double)n->grad[i];
    return sqrt(sum);
}

/* To `tolerance` of a gradient's norm. */
static void expect_gradients(const world *w, const decoder_case *c, size_t batch) {
    static const double angle[PROBES] = {0.2, 0.7};
    named all[MOST_TENSORS];
    size_t count = list_views(w->model->encoder->params, false, all, 0);
    count = list_views(loss_params(w->loss), true, all, count);
    qsort(all, count, sizeof *all, by_name);
    double *want = expected(c, batch, "grad", count * PROBES);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < PROBES; k++) {
            double got = probe(&all[i], angle[k]), wanted = want[i * PROBES + k];
            cr_expect_float_eq(got, wanted, tolerance * fmax(1, norm(&all[i])),
                               "%s, tied %d, batch %zu, %s, probe %zu: %.12g, expected %.12g",
                               c->family, c->tied, batch, all[i].name, k, got, wanted);
        }
    for (size_t i = 0; i < count; i++)
        free(all[i].whole);
    free(want);
}

ParameterizedTest(decoder_case *c, golden_tsdae, value_and_gradients) {
    for (size_t batch = 0; batch < BATCHES; batch++) {
        world w;
        open_world(&w, c, &batches[batch]);
        tape_node *y = forward(&w);
        double *want = expected(c, batch, "value", 1);
        cr_expect_float_eq((double)y->value[0], *want, tolerance * *want,
                           "%s, tied %d, batch %zu: %.12g, expected %.12g", c->family, c->tied,
                           batch, (double)y->value[0], *want);
        cr_assert(tape_backward(w.tape, y, NULL), "%s", tape_error(w.tape)->text);
        expect_gradients(&w, c, batch);
        free(want);
        close_world(&w);
    }
}
