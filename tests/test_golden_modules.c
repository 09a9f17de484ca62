/* Modules, prompts and activations against sentence-transformers, in both builds
 * (tests/golden/make_modules.py). */
#include "autograd/ops/ops.h"
#include "base/file.h"
#include "base/json.h"
#include "losses/loss.h"
#include "nn/model.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"
#include "train/batch.h"
#include "train/prompts.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef REAL_DOUBLE
static const double tolerance = 1e-9;
#else
static const double tolerance = 5e-6;
#endif

static const char folder[] = "tests/golden/modules/model";
static const char *const texts[] = {"the man plays", "a dog",
                                    "the woman sees the small red ball near the house."};
enum { TEXTS = sizeof texts / sizeof *texts, MOST = 256 };

static base_error error;

static nn_model *load(const char *path, const nn_model_options *options) {
    error = (base_error){0};
    nn_model *m = nn_model_load(path, options, &error);
    cr_assert(m, "%s", error.text);
    return m;
}

/* The numbers under a key of the golden file. */
static double *expected(const char *key, size_t *count) {
    nn_safetensors *file = nn_safetensors_open("tests/golden/modules/golden.safetensors", &error);
    cr_assert(file, "%s", error.text);
    const nn_tensor_info *info = nn_safetensors_find(file, key);
    cr_assert(info && !strcmp(info->dtype, "F64"), "no %s", key);
    double *values = malloc(info->elements * sizeof *values);
    cr_assert(nn_safetensors_read_raw(file, info, values, &error), "%s", error.text);
    *count = info->elements;
    nn_safetensors_close(file);
    return values;
}

static void expect(const char *key, const real *got, size_t count) {
    size_t stored;
    double *want = expected(key, &stored);
    cr_assert_eq(count, stored, "%s: %zu numbers, expected %zu", key, count, stored);
    double norm = 1e-3;
    for (size_t i = 0; i < count; i++)
        norm = fmax(norm, fabs(want[i]));
    for (size_t i = 0; i < count; i++)
        cr_expect(fabs((double)got[i] - want[i]) <= tolerance * norm,
                  "%s, number %zu: %.12g, expected %.12g", key, i, (double)got[i], want[i]);
    free(want);
}

/* One pass over the texts. */
typedef struct pass {
    uint32_t start[TEXTS + 1], ids[MOST], skip[TEXTS];
    tape_layout layout;
    tape *tape;
} pass;

static tape_node *run(const nn_model *m, pass *p, const tape_mode *mode) {
    data_tokens tokens = {0};
    size_t bytes, scratch;
    *p = (pass){0};
    for (size_t i = 0; i < TEXTS; i++) {
        char *text = base_format("%s%s", m->prompt.text ? m->prompt.text : "", texts[i]);
        cr_assert(data_tokenizer_encode(m->tokenizer, text, strlen(text), m->max_length, &tokens,
                                        &error));
        cr_assert_leq(p->start[i] + tokens.count, MOST);
        memcpy(p->ids + p->start[i], tokens.ids, tokens.count * sizeof *p->ids);
        p->start[i + 1] = p->start[i] + (uint32_t)tokens.count;
        p->skip[i] = (uint32_t)m->prompt.skip;
        free(text);
    }
    data_tokens_free(&tokens);
    p->layout = (tape_layout){.texts = TEXTS,
                              .tokens = p->start[TEXTS],
                              .start = p->start,
                              .ids = p->ids,
                              .skip = p->skip};
    cr_assert(nn_model_tape_bytes(m, p->layout.tokens, TEXTS, mode->record, &bytes) &&
              nn_model_scratch_bytes(m, p->layout.tokens, m->max_length, &scratch));
    p->tape = tape_new(bytes, scratch, &error);
    cr_assert(p->tape, "%s", error.text);
    tape_begin(p->tape, mode);
    tape_node *y = nn_model_forward(m, p->tape, &p->layout);
    cr_assert(y, "%s", tape_error(p->tape)->text);
    return y;
}

static void expect_embeddings(const nn_model *m, const char *key) {
    pass p;
    tape_node *y = run(m, &p, &(tape_mode){0});
    expect(key, y->value, TEXTS * m->width);
    tape_free(p.tape);
}

Test(golden_modules, embeddings) {
    nn_model *m = load(folder, NULL);
    cr_expect_eq(m->module_count, 8);
    cr_expect_str_eq(m->similarity, "dot");
    expect_embeddings(m, "plain");
    nn_model_free(m);
}

/* The pooling leaves the prompt's tokens out. */
Test(golden_modules, embeddings_behind_a_prompt) {
    nn_model_options options = nn_model_as_is;
    options.prompt_name = "query";
    nn_model *m = load(folder, &options);
    cr_expect_eq(m->prompt.skip, 3);
    expect_embeddings(m, "query");
    nn_model_free(m);
}

static void expect_gradients(const nn_model *m, const char *kind) {
    cr_expect_eq(nn_params_count(m->module_params), 9);
    for (size_t i = 0; i < nn_params_count(m->module_params); i++) {
        const tape_param *t = nn_params_at(m->module_params, i);
        char *key = base_format("%s.%s", kind, t->name);
        expect(key, t->grad, t->rows * t->cols);
        free(key);
    }
}

Test(golden_modules, gradients) {
    pass p;
    real upstream[TEXTS * 16];
    nn_model *m = load(folder, NULL);
    cr_assert(nn_params_train(m->encoder->params, &error) &&
              nn_params_train(m->module_params, &error));
    tape_node *y = run(m, &p, &(tape_mode){.record = true});
    cr_assert_leq(m->width, 16);
    for (size_t i = 0; i < TEXTS * m->width; i++)
        upstream[i] = REAL(sin((double)(i + 1)));
    cr_assert(tape_backward(p.tape, y, upstream), "%s", tape_error(p.tape)->text);
    expect_gradients(m, "gradient");
    tape_free(p.tape);
    nn_model_free(m);
}

/* Text i beside text i + 1, the first column behind a prompt, as train.data's "prompts" says. */
static data_token_store *prompted_pairs(const nn_model *m) {
    static const char *names[] = {"sentence1", "sentence2"};
    static const base_key_names columns = {.name = names, .count = 2};
    static const char text[] = "{\"sentence1\": \"the man \"}";
    train_prompts prompts;
    cJSON *value = base_json_parse(text, strlen(text), "prompts", 1, &error);
    cr_assert(train_prompts_read(value, &columns, m, "prompts", &prompts, &error), "%s",
              error.text);
    data_corpus *corpus = data_corpus_new("pairs", 2, DATA_TARGET_NONE, &error);
    for (size_t i = 0; i < TEXTS; i++) {
        const char *next = texts[(i + 1) % TEXTS];
        data_row row = {.columns = 2,
                        .text = {{texts[i], strlen(texts[i])}, {next, strlen(next)}},
                        .line = i + 1};
        cr_assert(data_corpus_add(corpus, &row, &error));
    }
    data_tokenising how = {.tokenizer = m->tokenizer,
                           .max_length = m->max_length,
                           .prompt = train_prompts_get(&prompts)};
    data_token_store *store = data_token_store_new(corpus, &how, &error);
    cr_assert(store, "%s", error.text);
    size_t distinct;
    data_token_store_texts(store, &distinct);
    cr_expect_eq(distinct, TEXTS);
    cr_expect_eq(data_token_store_skip(store, 0, 0), 3);
    cr_expect_eq(data_token_store_skip(store, 0, 1), 0);
    train_prompts_release(&prompts);
    cJSON_Delete(value);
    return store;
}

Test(golden_modules, a_training_pass_with_a_prompt_for_one_column) {
    static const uint32_t rows[TEXTS] = {0, 1, 2};
    nn_model *m = load(folder, NULL);
    cr_assert(nn_params_train(m->encoder->params, &error) &&
              nn_params_train(m->module_params, &error));
    data_token_store *store = prompted_pairs(m);
    train_batch batch = {0};
    cr_assert(train_batch_fill(&batch, store, rows, TEXTS, 0, &error), "%s", error.text);
    loss_setting setting = {.width = m->width};
    cJSON *config = base_json_parse("\"mnrl\"", 6, "loss", 1, &error);
    loss *l = loss_new(config, &setting, "loss", "", &error);
    cr_assert(l, "%s", error.text);
    tape *t = tape_new(64 << 20, 16 << 20, &error);
    tape_begin(t, &(tape_mode){.record = true});
    tape_node *pooled = nn_model_forward(m, t, &batch.layout);
    cr_assert(pooled, "%s", tape_error(t)->text);
    tape_node *column[] = {op_rows(t, pooled, 0, TEXTS), op_rows(t, pooled, TEXTS, TEXTS)};
    tape_node *value = loss_build(l, t, column, 2, &batch.target);
    cr_assert(value && tape_backward(t, value, NULL), "%s", tape_error(t)->text);
    expect("loss", value->value, 1);
    expect_gradients(m, "prompted");
    tape_free(t);
    loss_free(l);
    cJSON_Delete(config);
    train_batch_free(&batch);
    data_token_store_free(store);
    nn_model_free(m);
}

/* A mask is drawn in training only, and is the same for the same seed. */
Test(golden_modules, dropout_is_drawn_in_training) {
    pass p, q;
    nn_model_options options = nn_model_as_is;
    options.hidden_dropout = options.attention_dropout = 0;
    nn_model *m = load(folder, &options);
    const tape_mode mode = {.dropout = true, .seed = 3};
    tape_node *x = run(m, &p, &mode), *y = run(m, &q, &mode);
    size_t count, same = 0;
    double *plain = expected("plain", &count);
    cr_expect_arr_eq(x->value, y->value, count * sizeof *x->value);
    for (size_t i = 0; i < count; i++)
        same += fabs((double)x->value[i] - plain[i]) < 1e-6;
    cr_expect_lt(same, count);
    free(plain);
    tape_free(p.tape);
    tape_free(q.tape);
    nn_model_free(m);
}

/* Written in the layout that every version of Python reads, keys that we do not know kept. */
Test(golden_modules, a_saved_model_is_the_same) {
    nn_model *m = load(folder, NULL);
    const char *saved = fixture_path("saved");
    cr_assert(nn_model_save(m, saved, false, &error), "%s", error.text);
    nn_model *again = load(saved, NULL);
    expect_embeddings(again, "plain");
    cJSON *dense = base_json_file(fixture_path("saved/6_Dense/config.json"), &error);
    cr_expect(cJSON_IsTrue(base_json_get(dense, "use_residual")));
    cr_expect_not_null(base_json_get(dense, "module_input_name"));
    cJSON_Delete(dense);
    nn_model_free(m);
    nn_model_free(again);
}

Test(golden_modules, columns_can_be_cut) {
    nn_model_options options = nn_model_as_is;
    options.truncate_dim = 3;
    nn_model *m = load(folder, &options);
    cr_expect_eq(m->encoded, 3);
    float out[TEXTS * 3];
    data_text list[TEXTS];
    size_t count;
    double *want = expected("plain", &count);
    for (size_t i = 0; i < TEXTS; i++)
        list[i] = (data_text){texts[i], strlen(texts[i])};
    nn_context *context = nn_context_new(&error);
    cr_assert(nn_model_encode(m, context, list, TEXTS, 0, out, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < TEXTS * 3; i++)
        cr_expect_float_eq(out[i], want[i / 3 * m->width + i % 3], 1e-5);
    nn_context_free(context);
    free(want);
    nn_model_free(m);
}

Test(golden_modules, an_unknown_prompt_is_refused_with_those_that_exist) {
    nn_model_options options = nn_model_as_is;
    options.prompt_name = "qery";
    error = (base_error){0};
    cr_expect_null(nn_model_load(folder, &options, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "has no prompt \"qery\", it has \"document\", \"nothing\", "
                                 "\"query\""),
              "%s", error.text);
}

/* Forward and backward, kinks included, on rows of the golden file's x. */
static void expect_activation(nn_activation a, const char *name, const real *x, size_t n) {
    enum { ROWS = 3 };
    real upstream[128];
    tape_param leaf = {.rows = ROWS, .cols = n / ROWS};
    leaf.value = malloc(n * sizeof *leaf.value);
    leaf.grad = calloc(n, sizeof *leaf.grad);
    memcpy(leaf.value, x, n * sizeof *x);
    cr_assert_leq(n, 128);
    for (size_t i = 0; i < n; i++)
        upstream[i] = REAL(sin((double)(i + 1)));
    tape *t = tape_new(1 << 20, 1 << 20, &error);
    tape_begin(t, &(tape_mode){.record = true});
    tape_node *in = tape_leaf(t, &leaf), *y = nn_activation_apply(a, t, in);
    cr_assert(y, "%s", tape_error(t)->text);
    char *key = base_format("act.%s", name), *grad_key = base_format("grad.%s", name);
    expect(key, y->value, n);
    cr_assert(tape_backward(t, y, upstream), "%s", tape_error(t)->text);
    expect(grad_key, leaf.grad, n);
    free(key);
    free(grad_key);
    free(leaf.value);
    free(leaf.grad);
    tape_free(t);
}

Test(golden_modules, activations) {
    size_t n, seen = 0;
    double *x = expected("x", &n);
    real *values = malloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = REAL(x[i]);
    for (nn_activation a = 0; a < NN_ACTIVATIONS; a++) {
        const char *full = nn_activation_class(a), *name = full ? strrchr(full, '.') + 1 : NULL;
        nn_activation found;
        if (!full)
            continue;
        cr_expect(strstr(nn_activation_classes(), name), "%s is not told", name);
        cr_expect(nn_activation_by_class(full, &found) && found == a, "%s", full);
        char *shorter = base_format("torch.nn.%s", name);
        cr_expect(nn_activation_by_class(shorter, &found) && found == a, "%s", shorter);
        free(shorter);
        if (a != NN_IDENTITY)
            expect_activation(a, name, values, n);
        seen++;
    }
    cr_expect_eq(seen, 24);
    free(values);
    free(x);
}

/* Those with arguments, parameters, draws or another width, and names that are none. */
Test(golden_modules, other_activations_are_refused) {
    static const char *const names[] = {"torch.nn.modules.activation.PReLU",
                                        "torch.nn.modules.activation.RReLU",
                                        "torch.nn.modules.activation.GLU",
                                        "torch.nn.modules.activation.Threshold",
                                        "torch.nn.functional.Tanh",
                                        "torch.nn.",
                                        "Tanh",
                                        ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        nn_activation a;
        cr_expect_not(nn_activation_by_class(names[i], &a), "%s", names[i]);
    }
}
