/* A second, frozen model: what it says of a corpus, and training by it; students of some layers. */
#include "train/teacher.h"

#include "data/reader.h"
#include "search/similarity.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, COLUMNS = 3 };
static const char *const texts[ROWS * COLUMNS] = {"a cat", "cats", "b c d",       "dog", "a dog .",
                                                  "x",     "a",    "cat sat b c", ""};

static data_corpus *read_corpus(void) {
    base_error error = {0};
    base_bytes file = {0};
    base_bytes_format(&file, &error, "1\t2\t3\n");
    for (size_t i = 0; i < ROWS; i++)
        base_bytes_format(&file, &error, "%s\t%s\t%s\n", texts[i * COLUMNS], texts[i * COLUMNS + 1],
                          texts[i * COLUMNS + 2]);
    fixture_write("rows.tsv", file.data, file.size);
    base_bytes_free(&file);
    data_reader_options options = {.columns = COLUMNS, .column = {"1", "2", "3"}};
    data_corpus *corpus = data_read(fixture_path("rows.tsv"), &options, &error);
    cr_assert(corpus, "%s", error.text);
    return corpus;
}

static train_teacher_outputs outputs_of(const nn_model *m, loss_teacher_kind kind) {
    base_error error = {0};
    train_teacher_outputs teacher;
    data_corpus *corpus = read_corpus();
    cr_assert(train_teacher_outputs_make(&teacher, kind, m, corpus, NULL, &error), "%s",
              error.text);
    data_corpus_free(corpus);
    return teacher;
}

Test(teacher, vectors_are_its_embeddings_column_after_column) {
    static const uint32_t rows[] = {2, 0};
    nn_model *m = tiny_model(3, NULL);
    float *all = tiny_encode(m, texts, ROWS * COLUMNS, 0);
    train_teacher_outputs teacher = outputs_of(m, LOSS_TEACHER_EMBEDDINGS);
    cr_assert_eq(teacher.columns * teacher.width, COLUMNS * m->encoded);
    double *out = calloc(2 * COLUMNS * m->encoded, sizeof *out);
    train_teacher_outputs_get(&teacher, rows, 2, out);
    for (size_t c = 0; c < COLUMNS; c++)
        for (size_t i = 0; i < 2; i++)
            for (size_t k = 0; k < m->encoded; k++)
                cr_expect_float_eq(out[(c * 2 + i) * m->encoded + k],
                                   (double)all[(rows[i] * COLUMNS + c) * m->encoded + k], 1e-6);
    free(out);
    free(all);
    train_teacher_outputs_free(&teacher);
    nn_model_free(m);
}

Test(teacher, scores_are_its_similarities_row_after_row) {
    static const uint32_t rows[] = {1, 2};
    nn_model *m = tiny_model(3, NULL);
    size_t width = m->encoded;
    float *all = tiny_encode(m, texts, ROWS * COLUMNS, 0);
    for (int dot = 0; dot < 2; dot++) {
        double out[2 * (COLUMNS - 1)];
        m->similarity = dot ? "dot" : "cosine";
        train_teacher_outputs teacher = outputs_of(m, LOSS_TEACHER_SCORES);
        train_teacher_outputs_get(&teacher, rows, 2, out);
        for (size_t i = 0; i < 2; i++)
            for (size_t c = 1; c < COLUMNS; c++) {
                const float *first = all + rows[i] * COLUMNS * width;
                double want = search_similarity(dot ? SEARCH_DOT : SEARCH_COSINE, first,
                                                first + c * width, width);
                cr_expect_float_eq(out[i * (COLUMNS - 1) + c - 1], want, 1e-5);
            }
        train_teacher_outputs_free(&teacher);
    }
    free(all);
    nn_model_free(m);
}

Test(teacher, a_cross_encoder_gives_its_logits) {
    base_error error = {0};
    nn_model *m = nn_model_load("tests/golden/cross/model", &nn_model_any, &error);
    cr_assert(m, "%s", error.text);
    data_text first[ROWS * 2], second[ROWS * 2];
    for (size_t i = 0; i < ROWS * 2; i++) {
        const char *a = texts[i / 2 * COLUMNS], *b = texts[i / 2 * COLUMNS + 1 + i % 2];
        first[i] = (data_text){a, strlen(a)};
        second[i] = (data_text){b, strlen(b)};
    }
    float want[ROWS * 2];
    double got[ROWS * 2];
    nn_context *context = nn_context_new(&error);
    cr_assert(m->width == 1 &&
                  nn_model_score(m, context, first, second, ROWS * 2, 0, want, NULL, &error),
              "%s", error.text);
    train_teacher_outputs teacher = outputs_of(m, LOSS_TEACHER_SCORES);
    train_teacher_outputs_get(&teacher, (const uint32_t[]){0, 1, 2}, ROWS, got);
    for (size_t i = 0; i < ROWS * 2; i++)
        cr_expect_float_eq(got[i], (double)want[i], 1e-6);
    train_teacher_outputs_free(&teacher);
    data_corpus *corpus = read_corpus();
    cr_expect_not(
        train_teacher_outputs_make(&teacher, LOSS_TEACHER_EMBEDDINGS, m, corpus, NULL, &error));
    cr_expect(strstr(error.text, "it is a cross-encoder"), "%s", error.text);
    data_corpus_free(corpus);
    nn_context_free(context);
    nn_model_free(m);
}

/* ---- training ---- */

static tiny_run_result train_by(const char *objective, const char *teacher, bool *ok,
                                base_error *error) {
    char *set = base_format(
        "train.data=[{\"data\": \"%s\", \"loss\": \"%s\"%s%s%s}]", fixture_path("pairs.tsv"),
        objective, teacher ? ", \"teacher\": \"" : "", teacher ? teacher : "", teacher ? "\"" : "");
    const char *sets[] = {set,
                          "max_steps=60",
                          "epochs=10",
                          "model.hidden_dropout=0",
                          "model.attention_dropout=0",
                          "sampler=sequential",
                          NULL};
    tiny_run_result r = {0};
    *ok = tiny_run(sets, TRAIN_OVERWRITE, 0, &r, error);
    free(set);
    return r;
}

Test(teacher, a_student_comes_near, .init = tiny_corpora) {
    base_error error = {0};
    bool ok;
    const char *folder = tiny_folder("teacher");
    tiny_run_result r = train_by("mse", folder, &ok, &error);
    cr_assert(ok, "%s", error.text);
    cr_expect_lt(r.last_loss, r.first_loss / 4, "from %g to %g", r.first_loss, r.last_loss);
}

Test(teacher, a_teacher_that_is_missing_or_not_wanted_is_said, .init = tiny_corpora) {
    base_error missing = {0}, unwanted = {0}, none = {0};
    bool ok;
    train_by("mse", NULL, &ok, &missing);
    cr_expect(!ok && strstr(missing.text, "train.data[0].teacher is missing"), "%s", missing.text);
    train_by("mnrl", tiny_folder("teacher"), &ok, &unwanted);
    cr_expect(!ok && strstr(unwanted.text, "which the loss mnrl does not take"), "%s",
              unwanted.text);
    train_by("mse", "no/such", &ok, &none);
    cr_expect(!ok && strstr(none.text, "train.data[0].teacher: no/such: no such folder"), "%s",
              none.text);
}

/* ---- students of some layers ---- */

static void expect_layer(const nn_model *m, size_t layer, const nn_model *whole, size_t same_as) {
    for (nn_layer_part part = 0; part < NN_LAYER_PARTS; part++) {
        const nn_linear *a = &m->encoder->transformer.layer[layer].part[part],
                        *b = &whole->encoder->transformer.layer[same_as].part[part];
        const tape_param *x = nn_params_at(m->encoder->params, a->weight),
                         *y = nn_params_at(whole->encoder->params, b->weight);
        cr_assert_eq(x->rows * x->cols, y->rows * y->cols);
        cr_expect_arr_eq(x->value, y->value, x->rows * x->cols * sizeof *x->value);
    }
}

Test(teacher, layers_that_are_kept_are_those_of_the_model) {
    base_error error = {0};
    static const size_t kept[] = {1};
    nn_model_options options = nn_model_as_is;
    options.layers = kept;
    options.layer_count = 1;
    const char *folder = tiny_folder("whole");
    nn_model *whole = nn_model_load(folder, NULL, &error),
             *student = nn_model_load(folder, &options, &error);
    cr_assert(whole && student, "%s", error.text);
    cr_assert_eq(student->encoder->transformer.spec.layers, 1);
    expect_layer(student, 0, whole, 1);
    cr_assert(nn_model_save(student, fixture_path("student"), false, &error), "%s", error.text);
    nn_model *again = nn_model_load(fixture_path("student"), NULL, &error);
    cr_assert(again, "%s", error.text);
    cr_expect_eq(again->encoder->transformer.spec.layers, 1);
    expect_layer(again, 0, whole, 1);
    nn_model_free(again);
    nn_model_free(student);
    nn_model_free(whole);
}

Test(teacher, layers_are_rising_numbers_of_layers_that_there_are) {
    program_make_model();
    static const char *const wrong[] = {"1,0", "0,0", "0,,1", "0,", "x", "-1", "99999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char command[200];
        snprintf(command, sizeof command, "convert $D/m --out $D/s --layers %s", wrong[i]);
        program_expect_part(command, 2, "expected rising numbers of layers such as 0,2,4");
    }
    program_expect_part("convert $D/m --out $D/s --layers 7", 2, "layer 7 is to be kept, expected");
    program_expect("convert $D/m --out $D/s --layers 0 2>/dev/null", 0, "");
}
