/* The same bits with 1, 2, 3 and 4 threads: a layer of an encoder with dropout, large enough that
 * every operator is cut into several tiles, forward and backward. */
#include "autograd/op.h"
#include "autograd/ops/ops.h"
#include "autograd/runtime.h"
#include "base/random.h"
#include "base/threads.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXTS = 24,
    MOST_TOKENS = TEXTS * 100,
    WIDTH = 96,
    WIDE = 4 * WIDTH,
    WORDS = 300,
    HEADS = 6
};
enum { TABLE, PLACES, QKV, QKV_BIAS, OUT, GAMMA, BETA, UP, UP_BIAS, DOWN, PARAMS };

static const size_t shapes[PARAMS][2] = {
    [TABLE] = {WORDS, WIDTH},    [PLACES] = {200, WIDTH}, [QKV] = {3 * WIDTH, WIDTH},
    [QKV_BIAS] = {1, 3 * WIDTH}, [OUT] = {WIDTH, WIDTH},  [GAMMA] = {1, WIDTH},
    [BETA] = {1, WIDTH},         [UP] = {WIDE, WIDTH},    [UP_BIAS] = {1, WIDE},
    [DOWN] = {WIDTH, WIDE},
};

typedef struct world {
    tape_layout layout;
    uint32_t start[TEXTS + 1], ids[MOST_TOKENS];
    tape_param param[PARAMS];
    real upstream[TEXTS * WIDTH], value[TEXTS * WIDTH];
    real *grad[PARAMS]; /* as one thread computed them */
} world;

static size_t size_of(size_t param) {
    return shapes[param][0] * shapes[param][1];
}

static real *numbers(size_t n, base_random *r) {
    real *x = calloc(n, sizeof *x);
    cr_assert_not_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = REAL(0.2 * base_random_normal(r));
    return x;
}

/* Texts of 1 to 99 tokens: short and long attention. */
static void make_world(world *w) {
    base_random r = base_random_stream(5, "threads");
    for (size_t s = 0; s < TEXTS; s++)
        w->start[s + 1] = w->start[s] + 1 + (uint32_t)base_random_below(&r, 99);
    for (size_t i = 0; i < w->start[TEXTS]; i++)
        w->ids[i] = (uint32_t)base_random_below(&r, WORDS);
    w->layout = (tape_layout){TEXTS, w->start[TEXTS], w->start, w->ids, NULL, NULL, NULL, NULL};
    for (size_t i = 0; i < PARAMS; i++)
        w->param[i] = (tape_param){.rows = shapes[i][0],
                                   .cols = shapes[i][1],
                                   .value = numbers(size_of(i), &r),
                                   .grad = numbers(size_of(i), &r)};
    for (size_t i = 0; i < TEXTS * WIDTH; i++)
        w->upstream[i] = REAL(base_random_normal(&r));
}

static void free_world(world *w) {
    for (size_t i = 0; i < PARAMS; i++) {
        free(w->param[i].value);
        free(w->param[i].grad);
        free(w->grad[i]);
    }
}

static tape_node *norm(tape *t, world *w, tape_node *x, tape_node *residual, uint32_t site) {
    return op_add_norm(t, &w->layout, x, residual, tape_leaf(t, &w->param[GAMMA]),
                       tape_leaf(t, &w->param[BETA]), &(op_norm_options){1e-5, 0.1, site});
}

static tape_node *encode(tape *t, world *w) {
    tape_node *p[PARAMS];
    for (size_t i = 0; i < PARAMS; i++)
        p[i] = tape_leaf(t, &w->param[i]);
    tape_node *x = op_embedding(t, &w->layout, p[TABLE], p[PLACES], NULL, 0);
    x = op_dropout(t, &w->layout, norm(t, w, x, NULL, 0), 0.1, 1);
    tape_node *mixed =
        op_attention(t, &w->layout, op_linear(t, x, p[QKV], p[QKV_BIAS]), NULL,
                     &(op_attention_options){.heads = HEADS, .dropout = 0.1, .site = 2});
    x = norm(t, w, op_linear(t, mixed, p[OUT], NULL), x, 3);
    tape_node *wide = op_gelu(t, op_linear(t, x, p[UP], p[UP_BIAS]));
    return op_pool(t, &w->layout, norm(t, w, op_linear(t, wide, p[DOWN], NULL), x, 4),
                   OP_POOL_MEAN);
}

static void run(tape *t, world *w, size_t threads, real *value) {
    base_error error = {0};
    cr_assert(tape_runtime_start(threads, &error), "%s", error.text);
    tape_begin(t, &(tape_mode){.record = true, .dropout = true, .seed = 7, .step = 3});
    for (size_t i = 0; i < PARAMS; i++)
        tape_param_clear_grad(&w->param[i]);
    tape_node *y = encode(t, w);
    cr_assert_not_null(y, "%s", tape_error(t)->text);
    cr_assert(tape_backward(t, y, w->upstream));
    memcpy(value, y->value, sizeof w->value);
}

static void compare(world *w, size_t threads, const real *value) {
    cr_expect_arr_eq(value, w->value, sizeof w->value, "value with %zu threads", threads);
    for (size_t i = 0; i < PARAMS; i++)
        cr_expect_arr_eq(w->param[i].grad, w->grad[i], size_of(i) * sizeof(real),
                         "gradient of parameter %zu with %zu threads", i, threads);
}

static void check_level(const kernel_table *kernels) {
    static world w;
    static real value[TEXTS * WIDTH];
    base_error error = {0};
    make_world(&w);
    tape *t = tape_new((size_t)1 << 28, (size_t)1 << 28, &error);
    cr_assert_not_null(t);
    tape_set_kernels(t, kernels);
    run(t, &w, 1, w.value);
    for (size_t i = 0; i < PARAMS; i++) {
        w.grad[i] = calloc(size_of(i), sizeof(real));
        memcpy(w.grad[i], w.param[i].grad, size_of(i) * sizeof(real));
    }
    for (size_t threads = 2; threads <= 4; threads++) {
        run(t, &w, threads, value);
        compare(&w, threads, value);
    }
    base_threads_stop();
    tape_free(t);
    free_world(&w);
}

#define LEVEL(name, level)                                                                         \
    Test(threads_bits, layer_at_##name) {                                                          \
        if (level > base_cpu_best() || !kernel_at(level))                                          \
            cr_skip_test("this machine or build has no " #name " kernels");                        \
        check_level(kernel_at(level));                                                             \
    }
LEVEL(baseline, BASE_CPU_BASELINE)
LEVEL(avx2, BASE_CPU_AVX2)
LEVEL(avx512, BASE_CPU_AVX512)
