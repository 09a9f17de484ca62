#include "autograd/ops/column_sums.h"

#include "base/threads.h"

enum { COLUMNS_AT_ONCE = 128 };

typedef struct job {
    size_t rows, cols;
    const real *x;
    real beta, *out;
} job;

static void sum_columns(void *context, size_t begin, size_t end) {
    const job *j = context;
    for (size_t c = begin; c < end; c++)
        j->out[c] = j->beta == 0 ? 0 : j->beta * j->out[c];
    for (size_t r = 0; r < j->rows; r++)
        for (size_t c = begin; c < end; c++)
            j->out[c] += j->x[r * j->cols + c];
}

void op_column_sums(size_t rows, size_t cols, const real *x, real beta, real *out) {
    job j = {rows, cols, x, beta, out};
    base_threads_range(cols, COLUMNS_AT_ONCE, sum_columns, &j);
}
