/* Linear layer with parts of low rank (Hu et al. 2021, "LoRA", section 4.1): y = x w^T + b, and for
 * each part on its P columns p of y: y[:,p] += s z a^T c^T.
 *   in:    x [T,I], w [O,I], b [1,O] or absent; of each part z [T,I], a [r,I], c [P,r]
 *   out:   y [T,O]
 *   saved: h = z a^T of each part, [T,r]
 *   dx, dw, db as of linear; with e = s dy[:,p]: dc = e^T h, dh = e c, da = dh^T z, dz = dh a. */
#include "autograd/helpers/operands.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

extern const op_def op_linear_def;

enum { FIXED = 3, OF_A_PART = 3 }; /* inputs */

typedef struct settings {
    size_t first[OP_MAX_LOW_RANK];
    real scale[OP_MAX_LOW_RANK];
} settings;

/* A part, h its numbers when they are saved. */
typedef struct part {
    tape_node *z, *a, *c;
    size_t first, rank;
    real scale, *h;
} part;

static size_t count_parts(const tape_node *n) {
    return (n->inputs - FIXED) / OF_A_PART;
}

/* *saved is that of the part and moves on to the next one's. */
static part take_part(const tape_node *n, size_t i, real **saved) {
    const settings *s = n->attr;
    tape_node *const *in = n->in + FIXED + i * OF_A_PART;
    part p = {in[0], in[1], in[2], s->first[i], in[1]->rows, s->scale[i], *saved};
    if (*saved)
        *saved += n->rows * p.rank;
    return p;
}

static bool shape_part(tape *t, tape_node *n, size_t i) {
    tape_node *const *in = n->in + FIXED + i * OF_A_PART;
    const tape_node *x = n->in[0], *z = in[0], *a = in[1], *c = in[2];
    size_t first = ((const settings *)n->attr)->first[i], bytes;
    if (!z || !a || !c || z->rows != x->rows || z->cols != x->cols || a->cols != x->cols ||
        c->cols != a->rows || first > n->cols || c->rows > n->cols - first)
        return op_fail(t, n,
                       "part %zu of [%zu, %zu] and [%zu, %zu] does not fit columns %zu ... "
                       "of [%zu, %zu]",
                       i, a ? a->rows : 0, a ? a->cols : 0, c ? c->rows : 0, c ? c->cols : 0, first,
                       n->rows, n->cols);
    if (!base_size_mul(n->rows, a->rows, &bytes) || !base_size_mul(bytes, sizeof(real), &bytes) ||
        !base_size_add(n->saved_bytes, bytes, &n->saved_bytes))
        return op_fail(t, n, "more than memory can hold");
    return true;
}

static bool shape(tape *t, tape_node *n) {
    bool ok = op_linear_def.shape(t, n);
    for (size_t i = 0; ok && i < count_parts(n); i++)
        ok = shape_part(t, n, i);
    return ok;
}

/* h = z a^T, y[:,p] += s h c^T. */
static bool forward_part(tape *t, tape_node *n, const part *p) {
    real *h = p->h ? p->h : op_scratch(t, n->rows * p->rank * sizeof *h);
    gemm_job down = {.m = n->rows,
                     .n = p->rank,
                     .k = p->z->cols,
                     .alpha = 1,
                     .a = op_values(p->z, false),
                     .b = op_values(p->a, true),
                     .c = h,
                     .c_stride = p->rank};
    gemm_job up = {.m = n->rows,
                   .n = p->c->rows,
                   .k = p->rank,
                   .alpha = p->scale,
                   .beta = 1,
                   .a = {.values = h, .stride = p->rank},
                   .b = op_values(p->c, true),
                   .c = n->value + p->first,
                   .c_stride = n->cols};
    if (!h)
        return false;
    gemm_run(&down, 1);
    gemm_run(&up, 1);
    return true;
}

static void forward(tape *t, tape_node *n) {
    real *saved = n->saved;
    bool ok = true;
    op_linear_def.forward(t, n);
    for (size_t i = 0; ok && i < count_parts(n); i++) {
        part p = take_part(n, i, &saved);
        ok = forward_part(t, n, &p);
    }
}

/* dc; upstream is that of the part's columns. */
static void backward_up(tape *t, const part *p, gemm_operand upstream, size_t rows) {
    real beta, *dc = op_grad_write(t, p->c, &beta);
    upstream.transposed = true;
    if (dc)
        gemm_run(&(gemm_job){.m = p->c->rows,
                             .n = p->rank,
                             .k = rows,
                             .alpha = p->scale,
                             .beta = beta,
                             .a = upstream,
                             .b = {.values = p->h, .stride = p->rank},
                             .c = dc,
                             .c_stride = p->rank},
                 1);
}

/* dh, and by it da and dz. */
static void backward_down(tape *t, const part *p, gemm_operand upstream, size_t rows) {
    real beta, *dh = op_scratch(t, rows * p->rank * sizeof *dh);
    if (!dh)
        return;
    gemm_run(&(gemm_job){.m = rows,
                         .n = p->rank,
                         .k = p->c->rows,
                         .alpha = p->scale,
                         .a = upstream,
                         .b = op_values(p->c, false),
                         .c = dh,
                         .c_stride = p->rank},
             1);
    real *da = op_grad_write(t, p->a, &beta);
    if (da)
        gemm_run(&(gemm_job){.m = p->rank,
                             .n = p->a->cols,
                             .k = rows,
                             .alpha = 1,
                             .beta = beta,
                             .a = {.values = dh, .stride = p->rank, .transposed = true},
                             .b = op_values(p->z, false),
                             .c = da,
                             .c_stride = p->a->cols},
                 1);
    real *dz = op_grad_write(t, p->z, &beta);
    if (dz)
        gemm_run(&(gemm_job){.m = rows,
                             .n = p->z->cols,
                             .k = p->rank,
                             .alpha = 1,
                             .beta = beta,
                             .a = {.values = dh, .stride = p->rank},
                             .b = op_values(p->a, false),
                             .c = dz,
                             .c_stride = p->z->cols},
                 1);
}

static void backward(tape *t, tape_node *n) {
    real *saved = n->saved;
    op_linear_def.backward(t, n);
    for (size_t i = 0; i < count_parts(n); i++) {
        part p = take_part(n, i, &saved);
        gemm_operand upstream = {.values = op_upstream(n) + p.first, .stride = n->cols};
        backward_up(t, &p, upstream, n->rows);
        if (p.a->wants_grad || p.z->wants_grad)
            backward_down(t, &p, upstream, n->rows);
    }
}

/* x, w, b, a, c; the part is the two columns in the middle. */
static tape_node *build_part(tape *t, tape_node **in) {
    op_low_rank middle = {in[0], in[3], in[4], 1, 0.7};
    return op_linear_adapted(t, in[0], in[1], in[2], &middle, 1);
}

/* x, w, z, a, c: two parts of the same matrices that overlap, the second of an input of its own. */
static tape_node *build_parts(tape *t, tape_node **in) {
    op_low_rank parts[] = {{in[0], in[3], in[4], 0, 1.5}, {in[2], in[3], in[4], 2, -0.5}};
    return op_linear_adapted(t, in[0], in[1], NULL, parts, 2);
}

static const op_case cases[] = {
    {.name = "part",
     .in = {{.rows = 5, .cols = 4},
            {.rows = 4, .cols = 4},
            {.rows = 1, .cols = 4},
            {.rows = 3, .cols = 4},
            {.rows = 2, .cols = 3}},
     .build = build_part},
    {.name = "two parts that overlap",
     .in = {{.rows = 3, .cols = 4},
            {.rows = 5, .cols = 4},
            {.rows = 3, .cols = 4},
            {.rows = 1, .cols = 4},
            {.rows = 3, .cols = 1}},
     .build = build_parts},
    {0},
};

static double flops(const tape_node *n) {
    double sum = op_linear_def.flops(n);
    real *none = NULL;
    for (size_t i = 0; i < count_parts(n); i++) {
        part p = take_part(n, i, &none);
        sum += 2.0 * (double)n->rows * (double)p.rank * (double)(p.z->cols + p.c->rows);
    }
    return sum;
}

/* h or dh of the parts, whose ranks together are at most the columns of a layer's rows each. */
static double scratch(const op_bounds *b) {
    return OP_MAX_LOW_RANK * (double)b->rows * (double)b->cols * sizeof(real);
}

const op_def op_linear_adapted_def = {.name = "linear_adapted",
                                      .shape = shape,
                                      .forward = forward,
                                      .backward = backward,
                                      .cases = cases,
                                      .flops = flops,
                                      .scratch = scratch};

tape_node *op_linear_adapted(tape *t, tape_node *x, tape_node *w, tape_node *b,
                             const op_low_rank *parts, size_t count) {
    tape_node *in[TAPE_MAX_INPUTS] = {x, w, b};
    settings s = {{0}, {0}};
    size_t inputs = FIXED;
    for (size_t i = 0; i < count && i < OP_MAX_LOW_RANK; i++) {
        in[inputs++] = parts[i].z;
        in[inputs++] = parts[i].a;
        in[inputs++] = parts[i].c;
        s.first[i] = parts[i].first;
        s.scale[i] = REAL(parts[i].scale);
    }
    return op_apply(t, &op_linear_adapted_def, in, inputs, &s, sizeof s);
}
