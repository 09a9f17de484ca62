/* First modules that are no Transformer against sentence-transformers, in both builds
 * (tests/golden/make_static.py). */
#include "base/file.h"
#include "nn/model.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REAL_DOUBLE
static const double tolerance = 1e-9;
#else
static const double tolerance = 5e-6;
#endif

/* One with words that stand in no vocabulary alone, and one without any. */
static const char *const texts[] = {"the Man plays a red ball", "A dog, dog near the HOUSE!",
                                    "qwerty", ""};
static const char *const kinds[] = {"words", "rows"};
enum { TEXTS = sizeof texts / sizeof *texts, KINDS = sizeof kinds / sizeof *kinds, MOST = 64 };

static base_error error;

static nn_model *load(const char *path) {
    error = (base_error){0};
    nn_model *m = nn_model_load(path, NULL, &error);
    cr_assert(m, "%s", error.text);
    return m;
}

static nn_model *load_kind(size_t kind) {
    char path[100];
    snprintf(path, sizeof path, "tests/golden/static/%s", kinds[kind]);
    return load(path);
}

static double *expected(const char *key, size_t count) {
    nn_safetensors *file = nn_safetensors_open("tests/golden/static/golden.safetensors", &error);
    cr_assert(file, "%s", error.text);
    const nn_tensor_info *info = nn_safetensors_find(file, key);
    cr_assert(info && info->elements == count, "%s", key);
    double *values = malloc(count * sizeof *values);
    cr_assert(nn_safetensors_read_raw(file, info, values, &error), "%s", error.text);
    nn_safetensors_close(file);
    return values;
}

static void expect_near(const char *what, double got, double want) {
    cr_expect(fabs(got - want) <= tolerance * fmax(1, fabs(want)), "%s: %.12g, expected %.12g",
              what, got, want);
}

static void list_texts(data_text *list) {
    for (size_t i = 0; i < TEXTS; i++)
        list[i] = (data_text){texts[i], strlen(texts[i])};
}

static void expect_embeddings(const nn_model *m, const char *key) {
    float out[TEXTS * 16];
    data_text list[TEXTS];
    double *want = expected(key, TEXTS * m->width);
    nn_context *context = nn_context_new(&error);
    list_texts(list);
    cr_assert(nn_model_encode(m, context, list, TEXTS, 0, out, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < TEXTS * m->width; i++)
        cr_expect_float_eq(out[i], want[i], 1e-6);
    nn_context_free(context);
    free(want);
}

Test(golden_static, embeddings) {
    for (size_t k = 0; k < KINDS; k++) {
        nn_model *m = load_kind(k);
        cr_expect_eq(m->module_count, 1);
        expect_embeddings(m, kinds[k]);
        nn_model_free(m);
    }
}

/* Texts without any known word make passes of no tokens. */
Test(golden_static, texts_without_known_words_are_zero) {
    static const data_text none[] = {{"qwerty", 6}, {"", 0}, {"the", 3}};
    float out[3 * 5];
    nn_model *m = load_kind(0);
    nn_context *context = nn_context_new(&error);
    cr_assert(nn_model_encode(m, context, none, 3, 1, out, NULL, &error), "%s", error.text);
    for (size_t i = 0; i < 15; i++)
        cr_expect(out[i] == 0);
    nn_context_free(context);
    nn_model_free(m);
}

Test(golden_static, a_saved_model_is_the_same) {
    static const char *const files[][2] = {
        {"whitespacetokenizer_config.json", "wordembedding_config.json"}, {"tokenizer.json", NULL}};
    for (size_t k = 0; k < KINDS; k++) {
        nn_model *m = load_kind(k);
        cr_assert(nn_model_save(m, fixture_path(kinds[k]), false, &error), "%s", error.text);
        /* It may take the place of itself: it is a model's folder without config.json too. */
        cr_assert(nn_model_save(m, fixture_path(kinds[k]), true, &error), "%s", error.text);
        nn_model *again = load(fixture_path(kinds[k]));
        expect_embeddings(again, kinds[k]);
        cr_expect_eq(again->max_length, m->max_length);
        for (size_t i = 0; i < 2 && files[k][i]; i++) {
            char *name = base_format("%s/%s", kinds[k], files[k][i]);
            cr_expect(base_file_exists(fixture_path(name)), "%s", name);
            free(name);
        }
        nn_model_free(m);
        nn_model_free(again);
    }
}

/* One pass over the texts. */
typedef struct pass {
    uint32_t start[TEXTS + 1], ids[MOST];
    tape_layout layout;
    tape *tape;
} pass;

static tape_node *run(const nn_model *m, pass *p) {
    data_tokens tokens = {0};
    size_t bytes, scratch;
    *p = (pass){0};
    for (size_t i = 0; i < TEXTS; i++) {
        cr_assert(data_tokenizer_encode(m->tokenizer, texts[i], strlen(texts[i]), m->max_length,
                                        &tokens, &error));
        cr_assert_leq(p->start[i] + tokens.count, MOST);
        if (tokens.count)
            memcpy(p->ids + p->start[i], tokens.ids, tokens.count * sizeof *p->ids);
        p->start[i + 1] = p->start[i] + (uint32_t)tokens.count;
    }
    data_tokens_free(&tokens);
    p->layout =
        (tape_layout){.texts = TEXTS, .tokens = p->start[TEXTS], .start = p->start, .ids = p->ids};
    cr_assert(nn_model_tape_bytes(m, p->layout.tokens, TEXTS, true, &bytes) &&
              nn_model_scratch_bytes(m, p->layout.tokens, m->max_length, &scratch));
    p->tape = tape_new(bytes, scratch, &error);
    cr_assert(p->tape, "%s", error.text);
    tape_begin(p->tape, &(tape_mode){.record = true});
    tape_node *y = nn_model_forward(m, p->tape, &p->layout);
    cr_assert(y, "%s", tape_error(p->tape)->text);
    return y;
}

/* Gradient of a row of the sparse table; zero where no text has the word. */
static double gradient(const tape_param *table, size_t row, size_t column) {
    for (size_t i = 0; i < table->sparse->slots; i++)
        if (table->sparse->row[i] == row)
            return (double)table->grad[i * table->cols + column];
    return 0;
}

Test(golden_static, gradients) {
    for (size_t k = 0; k < KINDS; k++) {
        pass p;
        real upstream[TEXTS * 16];
        char *key = base_format("%s.gradient", kinds[k]);
        nn_model *m = load_kind(k);
        cr_assert(nn_params_train(m->encoder->params, &error));
        tape_node *y = run(m, &p);
        for (size_t i = 0; i < TEXTS * m->width; i++)
            upstream[i] = REAL(sin((double)(i + 1)));
        cr_assert(tape_backward(p.tape, y, upstream), "%s", tape_error(p.tape)->text);
        const tape_param *table = nn_params_at(m->encoder->params, 0);
        double *want = expected(key, table->rows * table->cols);
        for (size_t i = 0; i < table->rows * table->cols; i++)
            expect_near(key, gradient(table, i / table->cols, i % table->cols), want[i]);
        free(want);
        free(key);
        tape_free(p.tape);
        nn_model_free(m);
    }
}

/* An older layout has the encoder in a folder of its own, and older names. */
static void make_older(const char *type, const char *config) {
    static const char *const files[] = {"model.safetensors", "whitespacetokenizer_config.json"};
    error = (base_error){0};
    cr_assert(base_folder_make(fixture_path("older/0_WordEmbeddings"), &error), "%s", error.text);
    for (size_t i = 0; i < 2; i++) {
        base_bytes bytes = {0};
        char *from = base_format("tests/golden/static/words/%s", files[i]);
        char *to = base_format("older/0_WordEmbeddings/%s", files[i]);
        cr_assert(base_file_read(from, &bytes, &error), "%s", error.text);
        fixture_write(to, bytes.data, bytes.size);
        base_bytes_free(&bytes);
        free(from);
        free(to);
    }
    char *list = base_format("[{\"path\": \"0_WordEmbeddings\", \"type\": \"%s\"},"
                             "{\"path\": \"1_Pooling\", \"type\": "
                             "\"sentence_transformers.models.Pooling\"}]",
                             type);
    cr_assert(base_folder_make(fixture_path("older/1_Pooling"), &error), "%s", error.text);
    fixture_text("older/1_Pooling/config.json",
                 "{\"word_embedding_dimension\": 5, \"pooling_mode_mean_tokens\": true}");
    fixture_text("older/modules.json", list);
    fixture_text("older/0_WordEmbeddings/wordembedding_config.json", config);
    free(list);
}

Test(golden_static, older_layout) {
    make_older("sentence_transformers.models.WordEmbeddings",
               "{\"tokenizer_class\": \"sentence_transformers.models.tokenizer.WhitespaceTokenizer."
               "WhitespaceTokenizer\", \"update_embeddings\": false, \"max_seq_length\": 1000}");
    nn_model *m = load(fixture_path("older"));
    cr_expect_eq(m->max_length, 1000);
    expect_embeddings(m, "words");
    cr_assert(nn_params_train(m->encoder->params, &error));
    cr_expect_eq(nn_params_trainable(m->encoder->params), 0);
    nn_model_free(m);
}

Test(golden_static, what_is_refused) {
    static const char words[] = "sentence_transformers.models.WordEmbeddings";
    static const struct {
        const char *type, *config, *part;
    } wrong[] = {
        {words, "{\"tokenizer_class\": \"a.PhraseTokenizer\"}",
         "tokenizer_class is \"a.PhraseTokenizer\", expected WhitespaceTokenizer"},
        {words, "[]", "wordembedding_config.json: not a JSON object"},
        {words, "{\"update_embeddings\": 3}", "update_embeddings"},
        {words, "{\"max_seq_length\": 1e9}", "max_seq_length"},
        {"sentence_transformers.models.StaticEmbedding", "{}",
         "expected a matrix embedding.weight"},
        {"sentence_transformers.models.BoW", "{}", "the first module is BoW, expected Transformer"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make_older(wrong[i].type, wrong[i].config);
        error = (base_error){0};
        cr_expect_null(nn_model_load(fixture_path("older"), NULL, &error));
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect(strstr(error.text, wrong[i].part), "%s, expected %s", error.text, wrong[i].part);
    }
}

/* As it stands, else without punctuation at its ends, else in lower case, whose sigma is another
 * one at the end of a word (ids as WhitespaceTokenizer gives them). */
Test(golden_static, words) {
    static const struct {
        const char *text;
        size_t count;
        uint32_t ids[2];
    } cases[] = {
        {"dog\u2003House", 2, {1, 2}},    {"(dog's) dog,", 2, {3, 1}}, {"The DOG. THE", 1, {1}},
        {"\u03a3\u0391\u03a3 a", 1, {4}}, {"\u03a3", 1, {5}},          {"dog-house", 0, {0}},
        {"dog\u200bhouse", 0, {0}},       {" \t.,! ", 0, {0}},
    };
    fixture_text("whitespacetokenizer_config.json",
                 "{\"vocab\": [\"PADDING_TOKEN\", \"dog\", \"house\", \"dog's\", "
                 "\"\u03c3\u03b1\u03c2\", \"\u03c3\"]}");
    data_tokenizer *t = data_tokenizer_load(fixture_folder(), &error);
    data_tokens tokens = {0};
    cr_assert(t, "%s", error.text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        cr_assert(data_tokenizer_encode(t, text, strlen(text), 100, &tokens, &error));
        cr_expect_eq(tokens.count, cases[i].count, "\"%s\": %zu", text, tokens.count);
        for (size_t k = 0; k < cases[i].count && k < tokens.count; k++)
            cr_expect_eq(tokens.ids[k], cases[i].ids[k], "\"%s\": %u", text, tokens.ids[k]);
    }
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
}
