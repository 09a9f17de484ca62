#include "autograd/ops/block.h"

#include "autograd/ops/over_rows.h"

#include <string.h>

typedef struct block_job {
    const op_block *block;
    const kernel_table *kernels; /* NULL: copy */
} block_job;

static void run_rows(void *context, size_t begin, size_t end) {
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
    op_over_rows(block->rows, block->cols, run_rows, &job);
}

void op_block_add(const op_block *block, const kernel_table *kernels) {
    block_job job = {block, kernels};
    op_over_rows(block->rows, block->cols, run_rows, &job);
}
