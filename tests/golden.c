#include "tests/golden.h"

#include "base/file.h"
#include "data/reader.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The norm below which a sketch counts as 0 but for rounding, as a share of the largest. */
#ifdef REAL_DOUBLE
static const double NOTHING = 1e-3;
#else
static const double NOTHING = 1e-2;
#endif

enum { MOST_SIZES = 32 };

/* Lines "NAME BATCH RATE" of $SBERT_GOLDEN/sizes.txt. */
static size_t read_sizes(const char *folder, golden_size sizes[MOST_SIZES]) {
    size_t count = 0;
    char *path = base_format("%s/sizes.txt", folder);
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s: cannot be read (SBERT_GOLDEN)", path);
    while (count < MOST_SIZES && fscanf(file, "%15s %zu %lf", sizes[count].name,
                                        &sizes[count].batch, &sizes[count].rate) == 3)
        count++;
    cr_assert(count && feof(file), "%s: line %zu is not NAME BATCH RATE", path, count + 1);
    fclose(file);
    free(path);
    return count;
}

struct criterion_test_params golden_size_parameters(void) {
    static golden_size given[MOST_SIZES];
    static golden_size sizes[] = {{"tiny", 4, 5e-4},    {"odd", 5, 5e-4},    {"distil", 4, 5e-4},
                                  {"roberta", 4, 5e-4}, {"xlmr", 3, 2e-4},   {"mpnet", 4, 5e-4},
                                  {"albert", 4, 5e-4},  {"modern", 4, 5e-4}, {"multi", 4, 5e-4},
                                  {"minilm", 16, 2e-5}};
    const char *folder = getenv("SBERT_GOLDEN");
    if (folder)
        return cr_make_param_array(golden_size, given, read_sizes(folder, given));
    return cr_make_param_array(golden_size, sizes, sizeof sizes / sizeof *sizes);
}

double golden_bound(double committed, double given) {
    return getenv("SBERT_GOLDEN") ? given : committed;
}

/* ---- files ---- */

static char *place(const golden_size *size, const char *name) {
    const char *folder = strcmp(size->name, "minilm") == 0 ? "build/golden" : "tests/golden";
    const char *given = getenv("SBERT_GOLDEN");
    return base_format("%s/%s/%s", given ? given : folder, size->name, name);
}

static data_token_store *read_rows(const golden *g, data_target_kind kind, base_error *error) {
    char *path = place(g->size, "rows.tsv");
    data_reader_options options = {
        .columns = GOLDEN_COLUMNS,
        .column = {"sentence1", "sentence2", "sentence3"},
        .kind = kind,
        .target = kind == DATA_TARGET_CLASS ? "label" : "score",
        .score_high = 5,
    };
    data_corpus *corpus = data_read(path, &options, error);
    free(path);
    return corpus ? data_token_store_new(corpus,
                                         &(data_tokenising){.tokenizer = g->model->tokenizer,
                                                            .max_length = g->model->max_length},
                                         error)
                  : NULL;
}

static nn_model *load_model(const golden_size *size, base_error *error) {
    nn_model_options options = {.normalize = 0, .hidden_dropout = 0, .attention_dropout = 0};
    char *path = place(size, "model");
    nn_model *model = nn_model_load(path, &options, error);
    free(path);
    return model;
}

static nn_safetensors *open_file(const golden_size *size, base_error *error) {
    char *path = place(size, "golden.safetensors");
    if (!base_file_exists(path))
        cr_skip_test("no %s (make %s PEER=dir/bin/python SBERT_MINILM=folder)", path, path);
    nn_safetensors *file = nn_safetensors_open(path, error);
    free(path);
    return file;
}

static nn_params *sorted_by; /* qsort has no context */

static int by_name(const void *a, const void *b) {
    return strcmp(nn_params_view_at(sorted_by, *(const size_t *)a)->name,
                  nn_params_view_at(sorted_by, *(const size_t *)b)->name);
}

static void sort_views(golden *g) {
    sorted_by = g->model->encoder->params;
    g->view_count = nn_params_views(sorted_by);
    g->views = calloc(g->view_count, sizeof *g->views);
    for (size_t v = 0; v < g->view_count; v++)
        g->views[v] = v;
    qsort(g->views, g->view_count, sizeof *g->views, by_name);
}

static tape *new_tape(const golden *g, base_error *error) {
    size_t bytes, scratch, texts = GOLDEN_COLUMNS * g->size->batch, length = g->model->max_length;
    return nn_model_tape_bytes(g->model, texts * length, texts, true, &bytes) &&
                   nn_model_scratch_bytes(g->model, texts * length, length, &scratch)
               ? tape_new(bytes + ((size_t)1 << 28), scratch, error)
               : NULL;
}

void golden_open(golden *g, const golden_size *size) {
    base_error error = {0};
    *g = (golden){.size = size, .file = open_file(size, &error)};
    if ((g->model = load_model(size, &error)) &&
        (g->classes = read_rows(g, DATA_TARGET_CLASS, &error)) &&
        (g->scores = read_rows(g, DATA_TARGET_SCORE, &error)) &&
        nn_params_train(g->model->encoder->params, &error))
        g->tape = new_tape(g, &error);
    cr_assert(g->tape && base_ok(&error), "%s: %s", size->name, error.text);
    sort_views(g);
    golden_fill(g, 0);
}

void golden_close(golden *g) {
    free(g->views);
    train_batch_free(&g->batch);
    tape_free(g->tape);
    data_token_store_free(g->scores);
    data_token_store_free(g->classes);
    nn_model_free(g->model);
    nn_safetensors_close(g->file);
}

/* ---- batches ---- */

void golden_fill(golden *g, size_t i) {
    base_error error = {0};
    uint32_t rows[128];
    size_t count = 0, first = i * g->size->batch;
    for (; count < g->size->batch && first + count < data_token_store_rows(g->classes); count++)
        rows[count] = (uint32_t)(first + count);
    cr_assert(train_batch_fill(&g->batch, g->classes, rows, count, 0, &error), "%s", error.text);
    for (size_t r = 0; r < count; r++)
        g->batch.score[r] = data_token_store_score(g->scores, rows[r]);
}

void golden_begin(golden *g) {
    tape_mode mode = {.record = true};
    nn_params *set = g->model->encoder->params;
    tape_begin(g->tape, &mode);
    for (size_t p = 0; p < nn_params_count(set); p++)
        tape_param_clear_grad(nn_params_at(set, p));
}

/* ---- comparisons ---- */

double *golden_read(golden *g, size_t *count, const char *key, ...) {
    base_error error = {0};
    char name[256];
    va_list arguments;
    va_start(arguments, key);
    vsnprintf(name, sizeof name, key, arguments);
    va_end(arguments);
    const nn_tensor_info *info = nn_safetensors_find(g->file, name);
    cr_assert(info && strcmp(info->dtype, "F64") == 0, "%s: no %s", g->size->name, name);
    double *values = malloc(info->elements * sizeof *values);
    cr_assert(nn_safetensors_read_raw(g->file, info, values, &error), "%s", error.text);
    *count = info->elements;
    return values;
}

double golden_probe(size_t j, size_t i) {
    uint64_t z = ((uint64_t)i * 3 + j + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-52 - 1;
}

/* Adds elements [at, at + n) of a tensor; out[0] is the square of the norm meanwhile. */
static void add_to_sketch(const real *x, size_t at, size_t n, double out[GOLDEN_SKETCH]) {
    for (size_t i = 0; i < n; i++) {
        double value = (double)x[i];
        out[0] += value * value;
        for (size_t j = 1; value != 0 && j < GOLDEN_SKETCH; j++)
            out[j] += value * golden_probe(j - 1, at + i);
    }
}

void golden_sketch(const real *x, size_t n, double out[GOLDEN_SKETCH]) {
    memset(out, 0, GOLDEN_SKETCH * sizeof *out);
    add_to_sketch(x, 0, n, out);
    out[0] = sqrt(out[0]);
}

static void sketch_gradient(const tape_param *p, size_t offset, size_t n,
                            double out[GOLDEN_SKETCH]) {
    memset(out, 0, GOLDEN_SKETCH * sizeof *out);
    if (p->sparse)
        for (size_t s = 0; s < p->sparse->slots; s++)
            add_to_sketch(p->grad + s * p->cols, p->sparse->row[s] * p->cols, p->cols, out);
    else if (p->has_grad)
        add_to_sketch(p->grad + offset, 0, n, out);
    out[0] = sqrt(out[0]);
}

void golden_expect_sketches(golden *g, const char *key, double (*rows)[GOLDEN_SKETCH], size_t count,
                            const char *const *names, double tolerance) {
    size_t stored;
    double *want = golden_read(g, &stored, "%s", key), largest = 0;
    cr_assert_eq(stored, count * GOLDEN_SKETCH, "%s %s: %zu numbers, expected %zu rows",
                 g->size->name, key, stored, count);
    for (size_t r = 0; r < count; r++)
        largest = fmax(largest, want[r * GOLDEN_SKETCH]);
    for (size_t r = 0; r < count; r++)
        for (size_t k = 0; k < GOLDEN_SKETCH; k++) {
            double scale = fmax(want[r * GOLDEN_SKETCH], NOTHING * largest);
            double difference = fabs(rows[r][k] - want[r * GOLDEN_SKETCH + k]);
            cr_expect(difference <= tolerance * scale,
                      "%s %s, %s %zu, number %zu: %.17g, expected %.17g (%.2g of the norm)",
                      g->size->name, key, names ? names[r] : "row", r, k, rows[r][k],
                      want[r * GOLDEN_SKETCH + k], difference / scale);
        }
    free(want);
}

static void expect_parameters(golden *g, const char *key, double tolerance, bool gradients) {
    nn_params *set = g->model->encoder->params;
    double(*rows)[GOLDEN_SKETCH] = calloc(g->view_count, sizeof *rows);
    const char **names = calloc(g->view_count, sizeof *names);
    for (size_t v = 0; v < g->view_count; v++) {
        const nn_param_view *view = nn_params_view_at(set, g->views[v]);
        const tape_param *p = nn_params_at(set, view->param);
        size_t n = view->dims[0] * (view->dim_count == 2 ? view->dims[1] : 1);
        names[v] = view->name;
        if (gradients)
            sketch_gradient(p, view->offset, n, rows[v]);
        else
            golden_sketch(p->value + view->offset, n, rows[v]);
    }
    golden_expect_sketches(g, key, rows, g->view_count, names, tolerance);
    free(names);
    free(rows);
}

void golden_expect_gradients(golden *g, const char *key, double tolerance) {
    expect_parameters(g, key, tolerance, true);
}

void golden_expect_values(golden *g, const char *key, double tolerance) {
    expect_parameters(g, key, tolerance, false);
}
