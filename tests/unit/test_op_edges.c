/* Small operators at the ends of their ranges. */
#include "autograd/ops/ops.h"

#include <criterion/criterion.h>

static tape *new_tape(void) {
    base_error error = {0};
    tape *t = tape_new(1 << 24, 1 << 24, &error);
    cr_assert_not_null(t);
    tape_begin(t, &(tape_mode){.record = true});
    return t;
}

Test(op_edges, cross_entropy_is_stable) {
    tape *t = new_tape();
    const real x[] = {1e4f, -1e4f, 0, -3e38f, 0, 3e38f};
    const uint32_t label[] = {0, 2};
    tape_node *y = op_cross_entropy(t, tape_input(t, 2, 3, x), label);
    cr_expect_eq(y->value[0], 0);
    const uint32_t wrong[] = {1, 2};
    y = op_cross_entropy(t, tape_input(t, 2, 3, x), wrong);
    cr_expect_float_eq((double)y->value[0], 1e4, 1e-2);
    tape_free(t);
}

Test(op_edges, normalize_leaves_a_zero_row_at_zero) {
    tape *t = new_tape();
    real value[] = {0, 0, 3, 4}, grad[4];
    tape_param p = {.rows = 2, .cols = 2, .value = value, .grad = grad};
    tape_node *y = op_normalize(t, tape_leaf(t, &p));
    const real expected[] = {0, 0, 0.6f, 0.8f}, upstream[] = {1, 0, 0, 1};
    for (size_t i = 0; i < 4; i++)
        cr_expect_float_eq(y->value[i], expected[i], 1e-7);
    cr_assert(tape_backward(t, y, upstream));
    cr_expect_float_eq((double)grad[0], 1e12, 1e6, "as PyTorch: the length is a constant there");
    cr_expect_eq(grad[1], 0);
    cr_expect_float_eq((double)grad[3], (1 - 0.64) / 5, 1e-6);
    tape_free(t);
}

/* Rows: apart, equal, the first one zero. */
Test(op_edges, row_distances_and_their_gradients_at_zero) {
    tape *t = new_tape();
    real a[] = {3, 4, 1, 2, 0, 0}, grad[6];
    const real b[] = {0, 0, 1, 2, 3, 4}, ones[] = {1, 1, 1};
    static const double expected[OP_DISTANCES][3] = {
        [OP_DISTANCE_EUCLIDEAN] = {5, 0, 5},
        [OP_DISTANCE_COSINE] = {1, 0, 1},
        [OP_DISTANCE_MANHATTAN] = {7, 0, 7},
    };
    static const double slopes[OP_DISTANCES][6] = {
        [OP_DISTANCE_EUCLIDEAN] = {0.6, 0.8, 0, 0, -0.6, -0.8},
        [OP_DISTANCE_MANHATTAN] = {1, 1, 0, 0, -1, -1},
    };
    for (op_distance d = 0; d < OP_DISTANCES; d++) {
        tape_begin(t, &(tape_mode){.record = true});
        tape_param p = {.rows = 3, .cols = 2, .value = a, .grad = grad};
        tape_node *y = op_row_distance(t, tape_leaf(t, &p), tape_input(t, 3, 2, b), d);
        for (size_t r = 0; r < 3; r++)
            cr_expect_float_eq((double)y->value[r], expected[d][r], 1e-6, "%d, row %zu", d, r);
        cr_assert(tape_backward(t, y, ones));
        for (size_t i = 0; i < 6; i++)
            cr_expect_float_eq((double)grad[i], slopes[d][i], 1e-6, "%d, element %zu", d, i);
    }
    tape_free(t);
}
