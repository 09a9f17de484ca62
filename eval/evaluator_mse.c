/* How far the embeddings are from a teacher's: the mean of the squared differences of all numbers,
 * as sentence-transformers' MSEEvaluator has it, which gives it negative and times 100. The teacher
 * reads the first column and the model the last one, which may be the same, or a translation. */
#include "eval/evaluator.h"

#include <stdlib.h>

static const eval_measure measures[] = {{.name = "mse", .smaller = true}, {0}};

static double mean_square(const float *a, const float *b, size_t rows, size_t width) {
    double sum = 0;
    for (size_t i = 0; i < rows * width; i++) {
        double difference = (double)a[i] - (double)b[i];
        sum += difference * difference;
    }
    return sum / (double)rows / (double)width;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    size_t rows = out->examples, width = subject->model->encoded;
    size_t last = data_corpus_columns(data->corpus) - 1;
    data_text *texts = eval_columns(data->corpus, error);
    eval_texts set = {texts ? texts + last * rows : NULL, rows, last, NULL};
    bool ok = texts && eval_embed_texts(subject, &set, 1, &out->truncated, error) &&
              eval_result_add(out, measures, "",
                              (eval_value){mean_square(data->teacher, set.out, rows, width), NULL},
                              error);
    free(set.out);
    free(texts);
    return ok;
}

const eval_def eval_mse_def = {
    .name = "mse",
    .task = NN_BI_ENCODER,
    .counted = "texts",
    .column = {"sentence"},
    .columns = 1,
    .most_columns = 2,
    .needs_teacher = true,
    .measures = measures,
    .run = run,
};
