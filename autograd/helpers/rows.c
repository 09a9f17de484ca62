#include "autograd/helpers/rows.h"

#include <string.h>

enum { FEWEST = 4096, MOST = 16384, PARTS = 64, COLUMNS_AT_ONCE = 64 };

void op_over_rows(size_t rows, size_t cols, base_range *range, void *context) {
    size_t wide = cols ? cols : 1, elements = rows * wide / PARTS;
    elements = elements < FEWEST ? FEWEST : elements > MOST ? MOST : elements;
    base_threads_range(rows, wide < elements ? elements / wide : 1, range, context);
}

typedef struct block_job {
    const op_block *block;
    const kernel_table *kernels; /* NULL: copy */
} block_job;

static void run_block(void *context, size_t begin, size_t end) {
    const block_job *job = context;
    const op_block *b = job->block;
    for (size_t r = begin; r < end; r++) {
        const real *from = b->from + r * b->from_stride;
        real *to = b->to + r * b->to_stride;
        if (job->kernels)
            job->kernels->add(b->cols, from, to);
        else
            memcpy(to, from, b->cols * sizeof *to);
    }
}

void op_block_copy(const op_block *block) {
    block_job job = {block, NULL};
    op_over_rows(block->rows, block->cols, run_block, &job);
}

void op_block_add(const op_block *block, const kernel_table *kernels) {
    block_job job = {block, kernels};
    op_over_rows(block->rows, block->cols, run_block, &job);
}

typedef struct sums_job {
    const kernel_table *kernels;
    size_t rows, cols;
    const real *x;
    real beta, *out;
} sums_job;

static void sum_columns(void *context, size_t begin, size_t end) {
    const sums_job *j = context;
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
    sums_job j = {kernels, rows, cols, x, beta, out};
    base_threads_range(cols, COLUMNS_AT_ONCE, sum_columns, &j);
}
