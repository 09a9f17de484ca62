#include "train/teacher.h"

#include "search/similarity.h"

#include <stdlib.h>

typedef struct asking {
    const nn_model *teacher;
    const data_corpus *corpus;
    const base_progress *progress;
    size_t rows, columns;
} asking;

/* rows * columns * width numbers and more are there, or an error. */
static bool count_numbers(const asking *l, size_t columns, size_t width, size_t *count,
                          base_error *error) {
    return (base_size_mul(l->rows, columns, count) && base_size_mul(*count, width, count)) ||
           base_fail(error, BASE_BAD_INPUT,
                     "%s: what the teacher says of it is more than memory can hold",
                     data_corpus_name(l->corpus));
}

/* Columns begin .. end-1 of all rows, row after row; or `same`, that many times column 0. Heap
 * memory. */
static data_text *texts_of(const asking *l, size_t begin, size_t end, bool same,
                           base_error *error) {
    size_t count;
    data_text *texts = count_numbers(l, end - begin, 1, &count, error)
                           ? base_alloc(count, sizeof *texts, error)
                           : NULL;
    data_row row;
    for (size_t i = 0, to = 0; texts && i < l->rows; i++) {
        data_corpus_row(l->corpus, i, &row);
        for (size_t c = begin; c < end; c++)
            texts[to++] = row.text[same ? 0 : c];
    }
    return texts;
}

static nn_context *new_context(const asking *l, base_error *error) {
    nn_context *context = nn_context_new(error);
    if (context)
        nn_context_progress(context, l->progress);
    return context;
}

/* [rows, columns, width] */
static float *encode(const asking *l, base_error *error) {
    size_t width = l->teacher->encoded, numbers;
    data_text *texts = count_numbers(l, l->columns, width, &numbers, error)
                           ? texts_of(l, 0, l->columns, false, error)
                           : NULL;
    nn_context *context = texts ? new_context(l, error) : NULL;
    float *out = context ? base_alloc(numbers, sizeof *out, error) : NULL;
    if (out && !nn_model_encode(l->teacher, context, texts, numbers / width, 0, out, NULL, error)) {
        free(out);
        out = NULL;
    }
    nn_context_free(context);
    free(texts);
    return out;
}

/* Of [rows, columns, width] embeddings, in place: [rows, columns-1]. */
static void compare(const asking *l, float *value) {
    search_similarity_kind kind = search_similarity_find(l->teacher->similarity);
    size_t width = l->teacher->encoded, to = 0;
    for (size_t i = 0; i < l->rows; i++) {
        const float *first = value + i * l->columns * width;
        float scores[DATA_MAX_COLUMNS];
        for (size_t c = 1; c < l->columns; c++)
            scores[c - 1] = (float)search_similarity(kind, first, first + c * width, width);
        for (size_t c = 1; c < l->columns; c++)
            value[to++] = scores[c - 1];
    }
}

/* [rows, columns-1] logits of a cross-encoder. */
static float *judge(const asking *l, base_error *error) {
    size_t pairs;
    if (l->teacher->width != 1) {
        base_fail(error, BASE_BAD_INPUT, "it has %zu labels, expected one: its score",
                  l->teacher->width);
        return NULL;
    }
    data_text *first = texts_of(l, 1, l->columns, true, error),
              *second = first ? texts_of(l, 1, l->columns, false, error) : NULL;
    nn_context *context = second ? new_context(l, error) : NULL;
    float *out = context && count_numbers(l, l->columns - 1, 1, &pairs, error)
                     ? base_alloc(pairs, sizeof *out, error)
                     : NULL;
    if (out && !nn_model_score(l->teacher, context, first, second, pairs, 0, out, NULL, error)) {
        free(out);
        out = NULL;
    }
    nn_context_free(context);
    free(second);
    free(first);
    return out;
}

bool train_teacher_outputs_make(train_teacher_outputs *out, loss_teacher_kind kind,
                                const nn_model *teacher, const data_corpus *corpus,
                                const base_progress *progress, base_error *error) {
    const asking l = {teacher, corpus, progress, data_corpus_rows(corpus),
                      data_corpus_columns(corpus)};
    bool vectors = kind == LOSS_TEACHER_EMBEDDINGS, pairs = teacher->classifier != NULL;
    if (vectors && pairs)
        return base_fail(error, BASE_BAD_INPUT,
                         "it is a cross-encoder, expected a model with embeddings");
    *out = (train_teacher_outputs){.kind = kind,
                                   .columns = l.columns - (vectors ? 0 : 1),
                                   .width = vectors ? teacher->encoded : 1,
                                   .value = pairs ? judge(&l, error) : encode(&l, error)};
    if (out->value && !vectors && !pairs) {
        compare(&l, out->value);
        float *smaller = realloc(out->value, (l.rows * out->columns + 1) * sizeof *out->value);
        out->value = smaller ? smaller : out->value;
    }
    return out->value != NULL;
}

void train_teacher_outputs_free(train_teacher_outputs *teacher) {
    free(teacher->value);
    *teacher = (train_teacher_outputs){0};
}

void train_teacher_outputs_get(const train_teacher_outputs *teacher, const uint32_t *rows,
                               size_t count, double *out) {
    size_t columns = teacher->columns, width = teacher->width;
    bool by_column = teacher->kind == LOSS_TEACHER_EMBEDDINGS;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < columns; c++) {
            const float *from = teacher->value + (rows[i] * columns + c) * width;
            double *to = out + (by_column ? c * count + i : i * columns + c) * width;
            for (size_t k = 0; k < width; k++)
                to[k] = (double)from[k];
        }
}
