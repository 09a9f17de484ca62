#include "autograd/ops/column_sums.h"

#include "base/threads.h"

#include <string.h>

enum { COLUMNS_AT_ONCE = 256 };

typedef struct job {
    const kernel_table *kernels;
    size_t rows, cols;
    const real *x;
    real beta, *out;
} job;

static void sum_columns(void *context, size_t begin, size_t end) {
    const job *j = context;
    size_t count = end - begin;
    if (j->beta == 0)
        memset(j->out + begin, 0, count * sizeof *j->out);
    else
        j->kernels->scale(count, j->beta, j->out + begin);
    for (size_t r = 0; r < j->rows; r++)
        j->kernels->add(count, j->x + r * j->cols + begin, j->out + begin);
}

void op_column_sums(const kernel_table *kernels, size_t rows, size_t cols, const real *x, real beta,
                    real *out) {
    job j = {kernels, rows, cols, x, beta, out};
    base_threads_range(cols, COLUMNS_AT_ONCE, sum_columns, &j);
}
