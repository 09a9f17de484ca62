/* Rotary positions (Su et al. 2021, "RoFormer", section 3.2) of queries and keys: of a head's d
 * columns a[k] and b[k] = a[k + d/2] are turned by the angle p theta^(-2k/d), p the position:
 *   a' = a cos - b sin, b' = b cos + a sin.
 *   in:    qkv [T,3H] (query, key, value side by side, heads inside each)
 *   out:   y [T,3H], the values as they were
 *   saved: nothing
 *   dqkv: dy turned back, by the negative angle. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/sample_layout.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"

#include <math.h>
#include <string.h>

typedef struct settings {
    const tape_layout *layout;
    size_t heads, longest;
    double theta;
} settings;

typedef struct turn_job {
    const kernel_table *kernels;
    const tape_node *node;
    real *cosine, *sine; /* [L, d/2]; of the negative angles in backward */
    const real *from;
    real *to; /* forward writes, backward adds */
    double sign;
} turn_job;

static size_t pairs(const tape_node *n) {
    const settings *s = n->attr;
    return n->cols / 3 / s->heads / 2;
}

static bool shape(tape *t, tape_node *n) {
    const settings *s = n->attr;
    if (!op_shape_as_first(t, n) || !op_shape_tokens(t, n, s->layout))
        return false;
    return (s->heads > 0 && n->cols > 0 && n->cols % (6 * s->heads) == 0) ||
           op_fail(t, n, "qkv has %zu columns, expected 3 x %zu heads x an even width", n->cols,
                   s->heads);
}

static void angle_rows(void *context, size_t begin, size_t end) {
    const turn_job *j = context;
    const settings *s = j->node->attr;
    size_t half = pairs(j->node);
    for (size_t p = begin; p < end; p++)
        for (size_t k = 0; k < half; k++) {
            double angle = (double)p * pow(s->theta, -(double)k / (double)half);
            j->cosine[p * half + k] = REAL(cos(angle));
            j->sine[p * half + k] = REAL(j->sign * sin(angle));
        }
}

/* Turns one head; with `adds` onto what is there. */
static void turn(size_t half, const real *cosine, const real *sine, const real *x, real *y,
                 bool adds) {
    for (size_t k = 0; k < half; k++) {
        real a = x[k] * cosine[k] - x[k + half] * sine[k];
        real b = x[k + half] * cosine[k] + x[k] * sine[k];
        y[k] = adds ? y[k] + a : a;
        y[k + half] = adds ? y[k + half] + b : b;
    }
}

static void turn_text(void *context, size_t text) {
    const turn_job *j = context;
    const settings *s = j->node->attr;
    size_t half = pairs(j->node), cols = j->node->cols, hidden = cols / 3;
    bool adds = j->sign < 0;
    for (size_t r = s->layout->start[text]; r < s->layout->start[text + 1]; r++) {
        size_t at = (r - s->layout->start[text]) * half;
        const real *x = j->from + r * cols;
        real *y = j->to + r * cols;
        for (size_t head = 0; head < 2 * s->heads; head++)
            turn(half, j->cosine + at, j->sine + at, x + head * 2 * half, y + head * 2 * half,
                 adds);
        if (adds)
            j->kernels->add(hidden, x + 2 * hidden, y + 2 * hidden);
        else
            memcpy(y + 2 * hidden, x + 2 * hidden, hidden * sizeof *y);
    }
}

static void run(tape *t, const tape_node *n, const real *from, real *to, double sign) {
    const settings *s = n->attr;
    size_t half = pairs(n);
    turn_job job = {.kernels = tape_kernels(t), .node = n, .from = from, .to = to, .sign = sign};
    job.cosine = op_scratch(t, 2 * s->longest * half * sizeof(real));
    if (!job.cosine || !to)
        return;
    job.sine = job.cosine + s->longest * half;
    op_over_rows(s->longest, half, angle_rows, &job);
    base_threads_run(s->layout->texts, turn_text, &job);
}

static void forward(tape *t, tape_node *n) {
    run(t, n, n->in[0]->value, n->value, 1);
}

static void backward(tape *t, tape_node *n) {
    run(t, n, op_upstream(n), op_grad(t, n->in[0]), -1);
}

static tape_node *build(tape *t, tape_node **in) {
    return op_rotary(t, op_sample_layout(in[0]->rows), in[0], 2, 100);
}

static tape_node *build_used_twice(tape *t, tape_node **in) {
    return op_add(t, build(t, in), in[0]);
}

static const op_case cases[] = {
    {.name = "two heads of 4", .in = {{.rows = 14, .cols = 24}}, .build = build},
    {.name = "a long text", .in = {{.rows = 70, .cols = 12}}, .build = build},
    {.name = "used twice", .in = {{.rows = 9, .cols = 36}}, .build = build_used_twice},
    {0},
};

static double scratch(const op_bounds *b) {
    return (double)b->longest * (double)b->head_cols * sizeof(real);
}

const op_def op_rotary_def = {.name = "rotary",
                              .shape = shape,
                              .forward = forward,
                              .backward = backward,
                              .cases = cases,
                              .scratch = scratch};

tape_node *op_rotary(tape *t, const tape_layout *layout, tape_node *qkv, size_t heads,
                     double theta) {
    settings s = {layout, heads, 0, theta};
    for (size_t i = 0; i < layout->texts; i++)
        if (layout->start[i + 1] - layout->start[i] > s.longest)
            s.longest = layout->start[i + 1] - layout->start[i];
    return op_apply(t, &op_rotary_def, &qkv, 1, &s, sizeof s);
}
