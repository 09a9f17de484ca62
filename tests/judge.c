#include "tests/judge.h"

#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TOLERANCE = 1e-7, STEP = 1e-3;

/* What a gradient holds before the pass. */
typedef enum prefill { PREFILL_GARBAGE, PREFILL_NUMBERS, PREFILLS } prefill;

typedef struct court {
    const judge_problem *problem;
    tape *t;
    real *direction;
    size_t size; /* of the output */
    base_error *why;
} court;

void judge_direction(const char *name, size_t size, real *direction) {
    base_random r = base_random_stream(1, name);
    double squares = 0;
    for (size_t i = 0; i < size; i++) {
        direction[i] = REAL(base_random_uniform(&r) - 0.5);
        squares += (double)direction[i] * (double)direction[i];
    }
    for (size_t i = 0; i < size; i++)
        direction[i] = REAL((float)((double)direction[i] / sqrt(squares)));
}

/* Fills the tape's memory with NaN, so that nothing can count on fresh pages being zero. */
static void spoil(tape *t) {
    enum { COUNT = 1 << 16 };
    static real garbage[COUNT];
    memset(garbage, 0xff, sizeof garbage);
    tape_begin(t, &(tape_mode){0});
    void *scratch = op_scratch(t, sizeof garbage);
    if (scratch)
        memset(scratch, 0xff, sizeof garbage);
    op_scale(t, tape_input(t, 1, COUNT, garbage), 1);
}

static tape_node *forward(const court *c, bool record) {
    const judge_problem *p = c->problem;
    if (record)
        spoil(c->t);
    tape_begin(c->t, &(tape_mode){record, p->dropout, .seed = 7, .step = 3});
    tape_set_kernels(c->t, p->kernels ? p->kernels : kernel_best());
    tape_node *y = p->build(c->t, p->context);
    if (!y)
        base_fail(c->why, BASE_FAILED, "%s: forward failed: %s", p->name, tape_error(c->t)->text);
    return y;
}

static double projected(const court *c, const tape_node *y) {
    double sum = 0;
    for (size_t i = 0; y && i < c->size; i++)
        sum += (double)c->direction[i] * (double)y->value[i];
    return sum;
}

static double numeric(const court *c, real *x) {
    static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    double keep = (double)*x, h = STEP * fmax(1, fabs(keep)), sum = 0;
    for (size_t i = 0; i < 4; i++) {
        *x = REAL(keep + at[i] * h);
        sum += weight[i] * projected(c, forward(c, false));
    }
    *x = REAL(keep);
    return sum / (12 * h);
}

static double prefilled(const tape_param *p, prefill fill, size_t element) {
    bool there = fill == PREFILL_NUMBERS && (!p->sparse || element / p->cols % 2 == 0);
    return there ? 0.5 + (double)(element % 7) : 0;
}

static void fill_row(tape_param *p, size_t row, real *grad) {
    for (size_t i = 0; i < p->cols; i++)
        grad[i] = REAL(prefilled(p, PREFILL_NUMBERS, row * p->cols + i));
}

static void prepare_grad(tape_param *p, prefill fill) {
    tape_param_clear_grad(p);
    memset(p->grad, 0xff, p->rows * p->cols * sizeof *p->grad);
    if (fill == PREFILL_GARBAGE)
        return;
    p->has_grad = true;
    bool fresh;
    for (size_t r = 0; r < p->rows; r += p->sparse ? 2 : 1)
        fill_row(p, r,
                 p->sparse ? tape_param_sparse_row(p, (uint32_t)r, &fresh) : p->grad + r * p->cols);
}

static double grad_of(const tape_param *p, size_t element) {
    size_t row = element / p->cols;
    if (!p->sparse)
        return p->has_grad ? (double)p->grad[element] : 0;
    uint32_t slot = p->sparse->slot_of[row];
    return slot ? (double)p->grad[(slot - 1) * p->cols + element % p->cols] : 0;
}

static bool backward(const court *c, prefill fill) {
    const judge_problem *p = c->problem;
    for (size_t i = 0; i < p->params; i++)
        if (p->param[i]->grad)
            prepare_grad(p->param[i], fill);
    tape_node *y = forward(c, true);
    if (!y)
        return false;
    if (!tape_backward(c->t, y, c->direction))
        return base_fail(c->why, BASE_FAILED, "%s: backward failed: %s", p->name,
                         tape_error(c->t)->text);
    return true;
}

static bool compare(const court *c, const tape_param *p, const double *differences, prefill fill) {
    static const char *const when[PREFILLS] = {"on first touch", "added to what was there"};
    size_t stride = c->problem->stride ? c->problem->stride : 1;
    for (size_t i = 0; i < p->rows * p->cols; i += stride) {
        double n = differences[i / stride], a = grad_of(p, i) - prefilled(p, fill, i);
        if (!(fabs(a - n) <= TOLERANCE * fmax(1, fmax(fabs(a), fabs(n)))))
            return base_fail(c->why, BASE_FAILED,
                             "%s: gradient of %s[%zu, %zu] %s is %.9g, expected %.9g",
                             c->problem->name, p->name, i / p->cols, i % p->cols, when[fill], a, n);
    }
    return true;
}

static bool judge_param(const court *c, tape_param *p, double **differences) {
    size_t stride = c->problem->stride ? c->problem->stride : 1;
    size_t elements = p->rows * p->cols;
    *differences = base_alloc(elements / stride + 1, sizeof **differences, c->why);
    for (size_t i = 0; *differences && base_ok(c->why) && i < elements; i += stride)
        (*differences)[i / stride] = numeric(c, &p->value[i]);
    return base_ok(c->why);
}

/* The value does not depend on recording; sets up the projection. */
static bool first_look(court *c) {
    const tape_node *y = forward(c, true);
    if (!y)
        return false;
    c->size = y->rows * y->cols;
    c->direction = base_alloc(c->size, sizeof(real), c->why);
    real *seen = base_alloc(c->size, sizeof(real), c->why);
    if (c->direction && seen) {
        judge_direction(c->problem->name, c->size, c->direction);
        memcpy(seen, y->value, c->size * sizeof *seen);
        y = forward(c, false);
        if (y && memcmp(seen, y->value, c->size * sizeof *seen))
            base_fail(c->why, BASE_FAILED, "%s: recording changes the value", c->problem->name);
    }
    free(seen);
    return base_ok(c->why);
}

static uint64_t values_digest(const judge_problem *p) {
    uint64_t digest = 0;
    for (size_t i = 0; i < p->params; i++)
        for (size_t j = 0; j < p->param[i]->rows * p->param[i]->cols; j++) {
            uint64_t bits = 0;
            memcpy(&bits, &p->param[i]->value[j], sizeof(real));
            digest = base_random_mix(digest, bits);
        }
    return digest;
}

static bool judge_all(const court *c, double **differences) {
    const judge_problem *p = c->problem;
    uint64_t digest = values_digest(p);
    for (size_t i = 0; i < p->params; i++)
        if (p->param[i]->grad && !judge_param(c, p->param[i], &differences[i]))
            return false;
    for (prefill fill = 0; fill < PREFILLS; fill++) {
        if (!backward(c, fill))
            return false;
        for (size_t i = 0; i < p->params; i++)
            if (p->param[i]->grad && !compare(c, p->param[i], differences[i], fill))
                return false;
    }
    return values_digest(p) == digest ||
           base_fail(c->why, BASE_FAILED, "%s: writes to its inputs", p->name);
}

bool judge_gradients(const judge_problem *problem, base_error *why) {
    court c = {
        .problem = problem, .t = tape_new(JUDGE_TAPE_BYTES, JUDGE_TAPE_BYTES, why), .why = why};
    double **differences = base_alloc(problem->params, sizeof *differences, why);
    bool sound = c.t && differences && first_look(&c) && judge_all(&c, differences);
    for (size_t i = 0; differences && i < problem->params; i++)
        free(differences[i]);
    free(differences);
    free(c.direction);
    tape_free(c.t);
    return sound;
}
