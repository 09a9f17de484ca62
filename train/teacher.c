#include "train/teacher.h"

#include "eval/similarity.h"

#include <stdlib.h>

/* The texts of all rows, row after row; heap memory. */
static data_text *texts_of(const data_corpus *corpus, size_t columns, base_error *error) {
    size_t rows = data_corpus_rows(corpus), count;
    data_text *texts =
        base_size_mul(rows, columns, &count) ? base_alloc(count, sizeof *texts, error) : NULL;
    data_row row;
    for (size_t i = 0; texts && i < rows; i++) {
        data_corpus_row(corpus, i, &row);
        for (size_t c = 0; c < columns; c++)
            texts[i * columns + c] = row.text[c];
    }
    return texts;
}

/* [rows, columns, width] */
static float *encode(const nn_model *teacher, const data_corpus *corpus,
                     const base_progress *progress, base_error *error) {
    size_t rows = data_corpus_rows(corpus), columns = data_corpus_columns(corpus), count, numbers;
    if (!base_size_mul(rows, columns, &count) ||
        !base_size_mul(count, teacher->encoded, &numbers)) {
        base_fail(error, BASE_BAD_INPUT,
                  "%s: the teacher's embeddings are more than memory can hold",
                  data_corpus_name(corpus));
        return NULL;
    }
    data_text *texts = texts_of(corpus, columns, error);
    nn_context *context = texts ? nn_context_new(error) : NULL;
    float *out = context ? base_alloc(numbers, sizeof *out, error) : NULL;
    if (context)
        nn_context_progress(context, progress);
    if (out && !nn_model_encode(teacher, context, texts, count, 0, out, NULL, error)) {
        free(out);
        out = NULL;
    }
    nn_context_free(context);
    free(texts);
    return out;
}

/* Of [rows, columns, width] embeddings, in place: [rows, columns-1]. */
static void score(const nn_model *teacher, float *value, size_t rows, size_t columns) {
    eval_similarity_kind kind = eval_similarity_find(teacher->similarity);
    size_t width = teacher->encoded, to = 0;
    for (size_t i = 0; i < rows; i++) {
        const float *first = value + i * columns * width;
        float scores[DATA_MAX_COLUMNS];
        for (size_t c = 1; c < columns; c++)
            scores[c - 1] = (float)eval_similarity(kind, first, first + c * width, width);
        for (size_t c = 1; c < columns; c++)
            value[to++] = scores[c - 1];
    }
}

bool train_taught_make(train_taught *out, loss_teaching kind, const nn_model *teacher,
                       const data_corpus *corpus, const base_progress *progress,
                       base_error *error) {
    *out = (train_taught){.kind = kind,
                          .columns = data_corpus_columns(corpus),
                          .width = teacher->encoded,
                          .value = encode(teacher, corpus, progress, error)};
    if (!out->value || kind == LOSS_TAUGHT_VECTORS)
        return out->value != NULL;
    score(teacher, out->value, data_corpus_rows(corpus), out->columns);
    out->columns--;
    out->width = 1;
    size_t kept = data_corpus_rows(corpus) * out->columns * sizeof *out->value;
    float *smaller = realloc(out->value, kept ? kept : 1);
    out->value = smaller ? smaller : out->value;
    return true;
}

void train_taught_free(train_taught *taught) {
    free(taught->value);
    *taught = (train_taught){0};
}

void train_taught_get(const train_taught *taught, const uint32_t *rows, size_t count, double *out) {
    size_t columns = taught->columns, width = taught->width;
    bool by_column = taught->kind == LOSS_TAUGHT_VECTORS;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < columns; c++) {
            const float *from = taught->value + (rows[i] * columns + c) * width;
            double *to = out + (by_column ? c * count + i : i * columns + c) * width;
            for (size_t k = 0; k < width; k++)
                to[k] = (double)from[k];
        }
}
