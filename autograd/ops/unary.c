#include "autograd/ops/unary.h"

#include "autograd/ops/over_rows.h"

typedef struct unary_job {
    op_unary_kernel *kernel;
    op_unary_backward_kernel *backward;
    const real *x, *dy;
    real beta, *out;
} unary_job;

static void forward_range(void *context, size_t begin, size_t end) {
    const unary_job *j = context;
    j->kernel(end - begin, j->x + begin, j->out + begin);
}

void op_unary_forward(tape_node *n, op_unary_kernel *kernel) {
    unary_job job = {.kernel = kernel, .x = n->in[0]->value, .out = n->value};
    op_over_rows(n->rows * n->cols, 1, forward_range, &job);
}

static void backward_range(void *context, size_t begin, size_t end) {
    const unary_job *j = context;
    j->backward(end - begin, j->x + begin, j->dy + begin, j->beta, j->out + begin);
}

void op_unary_backward(tape *t, tape_node *n, op_unary_backward_kernel *kernel) {
    unary_job job = {.backward = kernel, .x = n->in[0]->value, .dy = op_upstream(n)};
    job.out = op_grad_write(t, n->in[0], &job.beta);
    if (job.out)
        op_over_rows(n->rows * n->cols, 1, backward_range, &job);
}
