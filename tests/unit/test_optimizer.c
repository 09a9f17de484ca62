#include "base/threads.h"
#include "train/optimizer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { ROWS = 41, COLS = 5, WIDE = 70000 };

static const train_adamw settings = {0.9, 0.999, 1e-8, 0.01, 1.0};

/* A table, as `sparse` says, and a matrix that spans several tiles. */
static nn_params *new_set(bool sparse, size_t wide) {
    base_error error = {0};
    nn_params *set = nn_params_new(&error);
    nn_param_spec table = {.name = "table",
                           .rows = ROWS,
                           .cols = COLS,
                           .decay = true,
                           .sparse = sparse,
                           .init = NN_INIT_NORMAL,
                           .scale = 1};
    nn_param_spec matrix = {
        .name = "matrix", .rows = 1, .cols = wide, .init = NN_INIT_NORMAL, .scale = 1};
    nn_params_add(set, &table, &error);
    nn_params_add(set, &matrix, &error);
    cr_assert(nn_params_allocate(set, &error), "%s", error.text);
    nn_params_init(set, 7);
    cr_assert(nn_params_train(set, &error), "%s", error.text);
    return set;
}

static train_optimizer *new_optimizer(const train_adamw *with, nn_params *set) {
    base_error error = {0};
    train_optimizer *o = train_optimizer_new(with, &error);
    cr_assert(o && train_optimizer_add(o, set, 1, 1, &error), "%s", error.text);
    return o;
}

/* The same gradient for rows of a sparse and of a dense table; row ids come twice and out of order.
 */
static void add_gradient(nn_params *set, base_random *r, const uint32_t *ids, size_t count) {
    tape_param *p = nn_params_at(set, 0);
    if (!p->sparse && !p->has_grad)
        memset(p->grad, 0, ROWS * COLS * sizeof *p->grad);
    for (size_t i = 0; i < count; i++) {
        bool fresh = false;
        real *row = p->sparse ? tape_param_sparse_row(p, ids[i], &fresh) : p->grad + ids[i] * COLS;
        for (size_t c = 0; c < COLS; c++) {
            real g = (real)base_random_normal(r);
            row[c] = fresh ? g : row[c] + g;
        }
    }
    p->has_grad = true;
}

static void run(nn_params *set, size_t steps) {
    train_optimizer *o = new_optimizer(&settings, set);
    base_random r = base_random_stream(3, "rows");
    for (size_t s = 0; s < steps; s++) {
        uint32_t ids[4];
        for (size_t i = 0; i < 4; i++) /* rows from 30 on are never looked up */
            ids[i] = (uint32_t)base_random_below(&r, s % 5 ? 10 : 30);
        train_optimizer_look_up(o, ids, 4);
        add_gradient(set, &r, ids, 4);
        train_optimizer_update(o, 1e-2 * (double)(s % 17), 3);
    }
    train_optimizer_settle(o);
    train_optimizer_free(o);
}

Test(optimizer, late_rows_have_the_bits_of_a_dense_run) {
    static const size_t steps[] = {1, 2, 60, 2300};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        nn_params *late = new_set(true, 8), *dense = new_set(false, 8);
        run(late, steps[i]);
        run(dense, steps[i]);
        size_t size = ROWS * COLS * sizeof(real);
        cr_assert_arr_eq(nn_params_at(late, 0)->value, nn_params_at(dense, 0)->value, size,
                         "%zu steps", steps[i]);
        cr_assert_arr_eq(nn_params_m(late, 0), nn_params_m(dense, 0), size);
        cr_assert_arr_eq(nn_params_v(late, 0), nn_params_v(dense, 0), size);
        nn_params_free(late);
        nn_params_free(dense);
    }
}

Test(optimizer, rows_are_current_when_they_are_looked_up) {
    nn_params *late = new_set(true, 8), *dense = new_set(false, 8);
    train_optimizer *a = new_optimizer(&settings, late), *b = new_optimizer(&settings, dense);
    base_random ra = base_random_stream(3, "rows"), rb = ra;
    for (uint32_t s = 0; s < 50; s++) {
        uint32_t ids[2] = {s % 7, (s * 5) % 11};
        train_optimizer_look_up(a, ids, 2);
        for (size_t i = 0; i < 2; i++)
            cr_assert_arr_eq(nn_params_at(late, 0)->value + ids[i] * COLS,
                             nn_params_at(dense, 0)->value + ids[i] * COLS, COLS * sizeof(real));
        add_gradient(late, &ra, ids, 2);
        add_gradient(dense, &rb, ids, 2);
        train_optimizer_update(a, 1e-2, 0.1);
        train_optimizer_update(b, 1e-2, 0.1);
    }
    train_optimizer_free(a);
    train_optimizer_free(b);
    nn_params_free(late);
    nn_params_free(dense);
}

/* Torch's AdamW in double, with the rounding of one float at the end. */
static double reference(double w, const double *g, size_t steps, double rate, double decay) {
    double m = 0, v = 0;
    for (size_t t = 1; t <= steps; t++, g++) {
        w *= 1 - rate * decay;
        m = 0.9 * m + 0.1 * *g;
        v = 0.999 * v + 0.001 * *g * *g;
        double m_hat = m / (1 - pow(0.9, (double)t)), v_hat = v / (1 - pow(0.999, (double)t));
        w -= rate * m_hat / (sqrt(v_hat) + 1e-8);
    }
    return w;
}

Test(optimizer, follows_the_formula) {
    static const double g[] = {0.3, -0.02, 0.5, 0, 1e-6};
    nn_params *set = new_set(false, WIDE);
    tape_param *table = nn_params_at(set, 0), *matrix = nn_params_at(set, 1);
    double w_table = (double)table->value[3], w_matrix = (double)matrix->value[WIDE - 1];
    train_adamw no_clip = settings;
    no_clip.clip = 0;
    train_optimizer *o = new_optimizer(&no_clip, set);
    for (size_t t = 0; t < 5; t++) {
        for (size_t i = 0; i < ROWS * COLS; i++)
            table->grad[i] = (real)g[t];
        for (size_t i = 0; i < WIDE; i++)
            matrix->grad[i] = (real)g[t];
        table->has_grad = matrix->has_grad = true;
        train_optimizer_update(o, 0.05, 1e9);
    }
    cr_assert_float_eq((double)table->value[3], reference(w_table, g, 5, 0.05, 0.01), 1e-6);
    cr_assert_float_eq((double)matrix->value[WIDE - 1], reference(w_matrix, g, 5, 0.05, 0), 1e-6);
    train_optimizer_free(o);
    nn_params_free(set);
}

Test(optimizer, norm_counts_every_gradient_once_and_clips) {
    nn_params *set = new_set(true, WIDE);
    tape_param *matrix = nn_params_at(set, 1);
    train_optimizer *o = new_optimizer(&settings, set);
    cr_assert_float_eq(train_optimizer_norm(o), 0, 0);
    bool fresh;
    real *row = tape_param_sparse_row(nn_params_at(set, 0), 40, &fresh);
    for (size_t c = 0; c < COLS; c++)
        row[c] = REAL(2);
    nn_params_at(set, 0)->has_grad = true;
    for (size_t i = 0; i < WIDE; i++)
        matrix->grad[i] = REAL(0.01);
    matrix->has_grad = true;
    double norm = train_optimizer_norm(o);
    cr_assert_float_eq(norm, sqrt(4 * COLS + 1e-4 * WIDE), 1e-5);
    train_optimizer_update(o, 1, norm);
    double clipped = 0.01 / (norm + 1e-6);
    cr_assert_float_eq((double)nn_params_m(set, 1)[5], 0.1 * clipped, 1e-8);
    cr_assert_float_eq(train_optimizer_norm(o), 0, 0, "gradients are forgotten");
    matrix->has_grad = true;
    matrix->grad[WIDE / 2] = REAL(NAN);
    cr_assert(!isfinite(train_optimizer_norm(o)));
    matrix->grad[WIDE / 2] = REAL(INFINITY);
    cr_assert(!isfinite(train_optimizer_norm(o)));
    train_optimizer_free(o);
    nn_params_free(set);
}

Test(optimizer, tensors_without_a_gradient_stay_as_they_are) {
    nn_params *set = new_set(false, 8);
    tape_param *table = nn_params_at(set, 0), *matrix = nn_params_at(set, 1);
    real before = table->value[0], moved = matrix->value[0];
    train_optimizer *o = new_optimizer(&settings, set);
    for (int s = 0; s < 3; s++) {
        for (size_t i = 0; i < 8; i++)
            matrix->grad[i] = REAL(1);
        matrix->has_grad = true;
        train_optimizer_update(o, 0.1, 1);
    }
    cr_assert_arr_eq(&table->value[0], &before, sizeof before);
    cr_assert(matrix->value[0] < moved);
    const size_t *counts;
    cr_assert_eq(train_optimizer_counts(o, &counts), 2);
    cr_assert(counts[0] == 0 && counts[1] == 3);
    train_optimizer_free(o);
    nn_params_free(set);
}

Test(optimizer, factors_and_threads) {
    static real first[WIDE];
    for (size_t threads = 1; threads <= 4; threads++) {
        base_error error = {0};
        cr_assert(base_threads_start(threads, &error), "%s", error.text);
        nn_params *set = new_set(false, WIDE);
        tape_param *matrix = nn_params_at(set, 1);
        train_optimizer *o = train_optimizer_new(&settings, &error);
        cr_assert(train_optimizer_add(o, set, 2, 3, &error));
        base_random r = base_random_stream(1, "g");
        for (size_t i = 0; i < WIDE; i++)
            matrix->grad[i] = (real)base_random_normal(&r);
        matrix->has_grad = true;
        real before = matrix->value[9];
        train_optimizer_update(o, 0.25, train_optimizer_norm(o));
        /* The first update moves by the learning rate, 0.25 * 2. */
        cr_assert_float_eq(fabs((double)(matrix->value[9] - before)), 0.5, 1e-4);
        if (threads == 1)
            memcpy(first, matrix->value, sizeof first);
        cr_assert_arr_eq(first, matrix->value, sizeof first, "%zu threads", threads);
        train_optimizer_free(o);
        nn_params_free(set);
        base_threads_stop();
    }
}
