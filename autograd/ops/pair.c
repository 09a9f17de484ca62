/* Concatenation of two sentence vectors for the softmax head: the chosen parts of
 * (u, v, |u-v|, u*v), in this order (Reimers & Gurevych 2019, section 3 and table 6).
 *   in:    u [B,H], v [B,H]
 *   out:   y [B, parts * H]
 *   saved: nothing
 *   du = dy_u + sign(u-v) dy_d + v dy_p, dv = dy_v - sign(u-v) dy_d + u dy_p; sign(0) = 0. */
#include "autograd/helpers/rows.h"
#include "autograd/helpers/shapes.h"
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "base/memory.h"

#include <math.h>

enum { PARTS = 4 };

/* Each part of one row, forward and back to one input: x is that input, o the other one. */
typedef void part_forward(size_t h, const real *u, const real *v, real *y);
typedef void part_backward(size_t h, const real *x, const real *o, const real *dy, real *dx);

static void forward_u(size_t h, const real *u, const real *v, real *y) {
    (void)v;
    for (size_t i = 0; i < h; i++)
        y[i] = u[i];
}

static void forward_v(size_t h, const real *u, const real *v, real *y) {
    forward_u(h, v, u, y);
}

static void forward_difference(size_t h, const real *u, const real *v, real *y) {
    for (size_t i = 0; i < h; i++)
        y[i] = REAL(fabs((double)(u[i] - v[i])));
}

static void forward_product(size_t h, const real *u, const real *v, real *y) {
    for (size_t i = 0; i < h; i++)
        y[i] = u[i] * v[i];
}

static void backward_same(size_t h, const real *x, const real *o, const real *dy, real *dx) {
    (void)x, (void)o;
    for (size_t i = 0; i < h; i++)
        dx[i] += dy[i];
}

static void backward_difference(size_t h, const real *x, const real *o, const real *dy, real *dx) {
    for (size_t i = 0; i < h; i++)
        dx[i] += x[i] > o[i] ? dy[i] : x[i] < o[i] ? -dy[i] : 0;
}

static void backward_product(size_t h, const real *x, const real *o, const real *dy, real *dx) {
    (void)x;
    for (size_t i = 0; i < h; i++)
        dx[i] += dy[i] * o[i];
}

static const struct part {
    unsigned bit;
    part_forward *forward;
    part_backward *backward[2]; /* to u, to v; NULL: takes no part */
} part_table[PARTS] = {
    {OP_PAIR_U, forward_u, {backward_same, NULL}},
    {OP_PAIR_V, forward_v, {NULL, backward_same}},
    {OP_PAIR_DIFFERENCE, forward_difference, {backward_difference, backward_difference}},
    {OP_PAIR_PRODUCT, forward_product, {backward_product, backward_product}},
};

typedef struct row_job {
    const tape_node *node;
    size_t side; /* of backward: 0 to u, 1 to v */
    real *dx;
} row_job;

static unsigned parts_of(const tape_node *n) {
    return *(const unsigned *)n->attr;
}

static bool shape(tape *t, tape_node *n) {
    if (!op_shape_as_both(t, n, "u", "v"))
        return false;
    size_t chosen = 0, width = n->cols;
    for (size_t p = 0; p < PARTS; p++)
        chosen += (parts_of(n) & part_table[p].bit) != 0;
    if (chosen == 0)
        return op_fail(t, n, "no part of (u, v, |u-v|, u*v) is chosen");
    if (!base_size_mul(width, chosen, &n->cols))
        return op_fail(t, n, "%zu columns are more than memory can hold", width);
    return true;
}

static void forward_rows(void *context, size_t begin, size_t end) {
    const tape_node *n = ((const row_job *)context)->node;
    size_t h = n->in[0]->cols;
    for (size_t r = begin; r < end; r++) {
        real *y = n->value + r * n->cols;
        for (size_t p = 0; p < PARTS; p++)
            if (parts_of(n) & part_table[p].bit) {
                part_table[p].forward(h, n->in[0]->value + r * h, n->in[1]->value + r * h, y);
                y += h;
            }
    }
}

static void forward(tape *t, tape_node *n) {
    (void)t;
    row_job job = {.node = n};
    op_over_rows(n->rows, n->cols, forward_rows, &job);
}

static void backward_rows(void *context, size_t begin, size_t end) {
    const row_job *j = context;
    const tape_node *n = j->node, *x = n->in[j->side], *other = n->in[1 - j->side];
    size_t h = x->cols;
    for (size_t r = begin; r < end; r++) {
        const real *dy = op_upstream(n) + r * n->cols;
        for (size_t p = 0; p < PARTS; p++) {
            if (!(parts_of(n) & part_table[p].bit))
                continue;
            if (part_table[p].backward[j->side])
                part_table[p].backward[j->side](h, x->value + r * h, other->value + r * h, dy,
                                                j->dx + r * h);
            dy += h;
        }
    }
}

static void backward(tape *t, tape_node *n) {
    for (size_t side = 0; side < 2; side++) {
        row_job job = {n, side, op_grad(t, n->in[side])};
        if (job.dx)
            op_over_rows(n->rows, n->cols, backward_rows, &job);
    }
}

#define BUILD(name, parts)                                                                         \
    static tape_node *build_##name(tape *t, tape_node **in) {                                      \
        return op_pair(t, in[0], in[1], parts);                                                    \
    }
BUILD(u_v, OP_PAIR_U | OP_PAIR_V)
BUILD(difference, OP_PAIR_DIFFERENCE)
BUILD(product, OP_PAIR_PRODUCT)
BUILD(default, OP_PAIR_U | OP_PAIR_V | OP_PAIR_DIFFERENCE)
BUILD(all, OP_PAIR_U | OP_PAIR_V | OP_PAIR_DIFFERENCE | OP_PAIR_PRODUCT)

static tape_node *build_equal(tape *t, tape_node **in) {
    return op_pair(t, in[0], in[0], OP_PAIR_U | OP_PAIR_V | OP_PAIR_DIFFERENCE | OP_PAIR_PRODUCT);
}

/* u above v, so that no |u-v| is near its kink. */
#define U_AND_V                                                                                    \
    {                                                                                              \
        {.rows = 3, .cols = 5, .low = 0.2, .high = 1}, {                                           \
            3, 5, -1, -0.2, 0                                                                      \
        }                                                                                          \
    }
static const op_case cases[] = {
    {.name = "u, v", .in = U_AND_V, .build = build_u_v},
    {.name = "difference", .in = U_AND_V, .build = build_difference},
    {.name = "product", .in = U_AND_V, .build = build_product},
    {.name = "u, v, difference", .in = U_AND_V, .build = build_default},
    {.name = "all", .in = U_AND_V, .build = build_all},
    {.name = "u equals v", .in = {{.rows = 2, .cols = 3}}, .build = build_equal},
    {0},
};

const op_def op_pair_def = {
    .name = "pair", .shape = shape, .forward = forward, .backward = backward, .cases = cases};

tape_node *op_pair(tape *t, tape_node *u, tape_node *v, unsigned parts) {
    return op_apply(t, &op_pair_def, (tape_node *[]){u, v}, 2, &parts, sizeof parts);
}
