/* Every kernel at every level against the same formula in double: lengths from 1 to two vectors and
 * one, unaligned starts, nothing written beyond the end. */
#include "autograd/kernels/kernel.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST = 2 * KERNEL_PAD + 1,
    OFFSETS = 3,
    ROOM = 2 * KERNEL_PAD + KERNEL_PAD + OFFSETS,
    BUFFERS = 8,
    SIDE = 19
};
static const real GUARD = REAL(-12345);

/* Random inputs, outputs that hold numbers, and the guard behind each. */
typedef struct bench {
    const kernel_table *k;
    size_t n;
    real memory[BUFFERS][ROOM], *in[BUFFERS];
    double before[BUFFERS][ROOM]; /* what in[] held before the call */
    double worst;                 /* error so far, in eps of the largest term */
} bench;

static void set_up(bench *b, const kernel_table *k, size_t n, size_t offset) {
    base_random r = base_random_stream(n * OFFSETS + offset, "kernels");
    *b = (bench){.k = k, .n = n};
    for (size_t i = 0; i < BUFFERS; i++) {
        b->in[i] = b->memory[i] + offset;
        for (size_t j = 0; j < ROOM; j++)
            b->memory[i][j] = GUARD;
        for (size_t j = 0; j < n; j++) {
            b->in[i][j] = REAL(4 * base_random_uniform(&r) - 2);
            b->before[i][j] = (double)b->in[i][j];
        }
    }
}

/* The result against `expected`, a sum of terms whose sizes add up to `size`. */
static void compare(bench *b, real result, double expected, double size) {
    double error = fabs((double)result - expected) / (size > DBL_MIN ? size : 1);
    error /= (double)REAL_EPSILON;
    b->worst = error <= b->worst ? b->worst : error; /* a NaN stays */
}

static void guarded(bench *b) {
    for (size_t i = 0; i < BUFFERS; i++)
        for (size_t j = b->n; b->in[i] + j < b->memory[i] + ROOM; j++)
            if (memcmp(&b->in[i][j], &GUARD, sizeof GUARD))
                b->worst = HUGE_VAL;
}

#define EACH for (size_t i = 0; i < b->n; i++)
#define X(i) b->before[0][i]
#define Y(i) b->before[1][i]
#define Z(i) b->before[2][i]
#define W(i) b->before[3][i]

/* ---- arithmetic, sums ---- */

static void check_axpy(bench *b) {
    b->k->axpy(b->n, REAL(0.75), b->in[0], b->in[1]);
    EACH compare(b, b->in[1][i], 0.75 * X(i) + Y(i), 4);
}

static void check_scale(bench *b) {
    b->k->scale(b->n, REAL(0.7), b->in[0]);
    EACH compare(b, b->in[0][i], (double)REAL(0.7) * X(i), 2);
}

static void check_add(bench *b) {
    b->k->add(b->n, b->in[0], b->in[1]);
    EACH compare(b, b->in[1][i], X(i) + Y(i), 2);
}

static void check_add_product(bench *b) {
    b->k->add_product(b->n, b->in[0], b->in[2], b->in[1]);
    EACH compare(b, b->in[1][i], X(i) * Z(i) + Y(i), 4);
}

static void check_dot(bench *b) {
    double sum = 0, size = 0;
    EACH sum += X(i) * Y(i), size += fabs(X(i) * Y(i));
    compare(b, b->k->dot(b->n, b->in[0], b->in[1]), sum, size);
}

static void check_sum(bench *b) {
    double sum = 0, size = 0;
    EACH sum += X(i), size += fabs(X(i));
    compare(b, b->k->sum(b->n, b->in[0]), sum, size);
}

static void check_max(bench *b) {
    double top = X(0);
    EACH top = fmax(top, X(i));
    compare(b, b->k->max(b->n, b->in[0]), top, 1e-30);
}

static void check_sum_squares(bench *b) {
    double sum = 0;
    EACH sum += X(i) * X(i);
    b->worst = fabs(b->k->sum_squares(b->n, b->in[0]) / sum - 1) / DBL_EPSILON;
}

/* ---- activations ---- */

static double gelu(double x) {
    return 0.5 * x * erfc(-x * sqrt(0.5));
}

static double gelu_slope(double x) {
    return 0.5 * erfc(-x * sqrt(0.5)) + x * exp(-0.5 * x * x) / sqrt(2 * acos(-1));
}

static double inner(double x) {
    return sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x);
}

static double gelu_tanh(double x) {
    return 0.5 * x * (1 + tanh(inner(x)));
}

static double gelu_tanh_slope(double x) {
    double curve = tanh(inner(x)), rise = sqrt(2 / acos(-1)) * (1 + 3 * 0.044715 * x * x);
    return 0.5 * (1 + curve) + 0.5 * x * (1 - curve * curve) * rise;
}

static double relu(double x) {
    return fmax(x, 0);
}

static double relu_slope(double x) {
    return x > 0;
}

static double silu(double x) {
    return x / (1 + exp(-x));
}

static double silu_slope(double x) {
    return (1 + x / (1 + exp(x))) / (1 + exp(-x));
}

static double tanh_slope(double x) {
    return 1 - tanh(x) * tanh(x);
}

/* Inputs up to where exp(-x^2 / 2) leaves float's range. */
static void widen(bench *b) {
    for (size_t i = 0; i < b->n; i += 3) {
        b->in[0][i] *= 8;
        b->before[0][i] = (double)b->in[0][i];
    }
}

static void check_curve(bench *b, void (*kernel)(size_t, const real *, real *),
                        double (*curve)(double)) {
    widen(b);
    kernel(b->n, b->in[0], b->in[1]);
    EACH compare(b, b->in[1][i], curve(X(i)), 1 + fabs(X(i)));
}

static void check_slope(bench *b, void (*kernel)(size_t, const real *, const real *, real, real *),
                        double (*slope)(double)) {
    widen(b);
    kernel(b->n, b->in[0], b->in[1], 1, b->in[2]);
    EACH compare(b, b->in[2][i], slope(X(i)) * Y(i) + Z(i), 4);
    kernel(b->n, b->in[0], b->in[1], 0, b->in[2]);
    EACH compare(b, b->in[2][i], slope(X(i)) * Y(i), 4);
}

#define CURVE(name, curve, slope)                                                                  \
    static void check_##name(bench *b) {                                                           \
        check_curve(b, b->k->name, curve);                                                         \
    }                                                                                              \
    static void check_##name##_backward(bench *b) {                                                \
        check_slope(b, b->k->name##_backward, slope);                                              \
    }
CURVE(gelu, gelu, gelu_slope)
CURVE(gelu_tanh, gelu_tanh, gelu_tanh_slope)
CURVE(relu, relu, relu_slope)
CURVE(silu, silu, silu_slope)
CURVE(tanh, tanh, tanh_slope)

/* ---- dropout and LayerNorm ---- */

static kernel_mask mask_of(size_t n) {
    return (kernel_mask){0x123456789abcdef0u + n, 0x60000000u, REAL(1.6)};
}

/* The draw of kernels.def's dropout, one element at a time. */
static double masked(kernel_mask m, size_t i, double x) {
    uint32_t h = (uint32_t)i * 0x9e3779b9u + (uint32_t)m.key;
    h = (h ^ h >> 16) * 0x7feb352du;
    h ^= (uint32_t)(m.key >> 32);
    h = (h ^ h >> 15) * 0x846ca68bu;
    return (h ^ h >> 16) >= m.threshold ? (double)m.scale * x : 0;
}

static void check_dropout(bench *b) {
    kernel_mask m = mask_of(b->n);
    b->k->dropout(b->n, m, b->in[0], 1, b->in[1]);
    EACH compare(b, b->in[1][i], masked(m, i, X(i)) + Y(i), 4);
    b->k->dropout(b->n, m, b->in[0], 0, b->in[1]);
    EACH compare(b, b->in[1][i], masked(m, i, X(i)), 2);
    b->k->dropout(b->n, (kernel_mask){.scale = 1}, b->in[0], 0, b->in[1]);
    EACH compare(b, b->in[1][i], X(i), 1e-30);
}

static const double EPSILON = 1e-2;

static double mean_of(const bench *b, const double *x) {
    double sum = 0;
    EACH sum += x[i];
    return sum / (double)b->n;
}

/* xhat of z; the result is 1 / sqrt(variance + EPSILON). */
static double normalise(const bench *b, const double *z, double *xhat) {
    double mean = mean_of(b, z), squares = 0;
    EACH squares += (z[i] - mean) * (z[i] - mean);
    double rstd = 1 / sqrt(squares / (double)b->n + EPSILON);
    EACH xhat[i] = (z[i] - mean) * rstd;
    return rstd;
}

static void check_add_norm(bench *b) {
    kernel_mask m = mask_of(b->n);
    double z[ROOM], xhat[ROOM];
    EACH z[i] = masked(m, i, X(i)) + Y(i);
    double rstd = normalise(b, z, xhat);
    real got = b->k->add_norm(b->n, m, b->in[0], b->in[1], REAL(EPSILON), b->in[2], b->in[3],
                              b->in[4], b->in[5]);
    compare(b, got, rstd, rstd * (1 + rstd));
    EACH compare(b, b->in[4][i], xhat[i], 4 * (1 + rstd));
    EACH compare(b, b->in[5][i], Z(i) * xhat[i] + W(i), 8 * (1 + rstd));
    rstd = normalise(b, b->before[0], xhat);
    b->k->add_norm(b->n, (kernel_mask){.scale = 1}, b->in[0], NULL, REAL(EPSILON), b->in[2],
                   b->in[3], NULL, b->in[5]);
    EACH compare(b, b->in[5][i], Z(i) * xhat[i] + W(i), 8 * (1 + rstd));
}

static void check_add_norm_backward(bench *b) {
    kernel_mask m = mask_of(b->n);
    double g[ROOM], gx[ROOM], dz[ROOM];
    EACH g[i] = X(i) * Z(i), gx[i] = g[i] * Y(i);
    double mean = mean_of(b, g), along = mean_of(b, gx);
    EACH dz[i] = 0.5 * (g[i] - mean - Y(i) * along);
    b->k->add_norm_backward(b->n, m, b->in[0], b->in[1], REAL(0.5), b->in[2], 1, b->in[4], 0,
                            b->in[5]);
    EACH compare(b, b->in[4][i], masked(m, i, dz[i]) + b->before[4][i], 16);
    EACH compare(b, b->in[5][i], dz[i], 16);
    b->k->add_norm_backward(b->n, m, b->in[0], b->in[1], REAL(0.5), b->in[2], 0, b->in[6], 1,
                            b->in[6]);
    EACH compare(b, b->in[6][i], masked(m, i, dz[i]) + dz[i], 32);
}

/* ---- attention ---- */

static void soft(const bench *b, double *p) {
    double top = -HUGE_VAL, sum = 0;
    EACH top = fmax(top, p[i] = 2 * X(i) + Y(i));
    EACH sum += p[i] = exp(p[i] - top);
    EACH p[i] /= sum;
}

/* What is beyond a row may be spoiled up to the padding. */
static void padding(bench *b, real *row) {
    for (size_t i = b->n; i % KERNEL_PAD; i++)
        row[i] = GUARD;
}

static void check_softmax(bench *b) {
    double p[ROOM];
    real statistics[2];
    soft(b, p);
    b->k->softmax(b->n, 2, b->in[1], b->in[0], statistics);
    EACH compare(b, b->in[0][i], p[i], 8);
    padding(b, b->in[0]);
}

static void check_softmax_recompute(bench *b) {
    double p[ROOM];
    real statistics[2];
    soft(b, p);
    memcpy(b->in[4], b->in[0], b->n * sizeof(real));
    b->k->softmax(b->n, 2, b->in[1], b->in[4], statistics);
    b->k->softmax_recompute(b->n, 2, b->in[1], b->in[0], statistics);
    EACH compare(b, b->in[0][i], p[i], 8);
    padding(b, b->in[0]);
    padding(b, b->in[4]);
}

static void check_softmax_backward(bench *b) {
    kernel_mask m = mask_of(b->n);
    double p[ROOM], sum = 0;
    soft(b, p);
    EACH b->in[0][i] = REAL(p[i]);
    EACH sum += p[i] * masked(m, i, Z(i));
    for (size_t i = b->n; i % KERNEL_PAD; i++)
        b->in[0][i] = 0;
    b->k->softmax_backward(b->n, m, b->in[0], b->in[2]);
    EACH compare(b, b->in[0][i], masked(m, i, p[i]), 2);
    EACH compare(b, b->in[2][i], p[i] * (masked(m, i, Z(i)) - sum), 8);
    padding(b, b->in[0]);
    padding(b, b->in[2]);
}

/* ---- small matrices: n columns beside sides of other lengths ---- */

static void fill(real *x, size_t n, base_random *r) {
    for (size_t i = 0; i < n; i++)
        x[i] = REAL(2 * base_random_uniform(r) - 1);
}

/* c[i, j] of a product of the shape m, n, k, where row i and column j of the operands begin. */
static double element(size_t k, const real *a, size_t a_col, const real *right, size_t ld) {
    double sum = 0;
    for (size_t p = 0; p < k; p++)
        sum += (double)a[p * a_col] * (double)right[p * ld];
    return sum;
}

static void check_product_of(bench *b, size_t m, size_t k, bool transposed) {
    enum { LD = MOST + 4 };
    static real a[SIDE * SIDE], right[SIDE * LD], c[SIDE * LD], old[SIDE * LD];
    size_t row = transposed ? 1 : SIDE, col = transposed ? SIDE : 1;
    base_random r = base_random_stream(m * SIDE + k, "product");
    fill(a, SIDE * SIDE, &r);
    fill(right, SIDE * LD, &r);
    fill(old, SIDE * LD, &r);
    memcpy(c, old, sizeof c);
    b->k->product(m, b->n, k, REAL(0.5), a, row, col, right, LD, transposed, c, LD);
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < LD; j++) {
            double kept = (double)old[i * LD + j];
            if (i < m && j < b->n)
                compare(b, c[i * LD + j],
                        0.5 * element(k, a + i * row, col, right + j, LD) + (transposed ? kept : 0),
                        1 + sqrt((double)k));
            else
                compare(b, c[i * LD + j], kept, 1e-30);
        }
}

static void check_product(bench *b) {
    static const size_t sides[] = {1, 2, 3, 7, 8, SIDE};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        check_product_of(b, sides[i], SIDE, false);
        check_product_of(b, SIDE, sides[i], true);
    }
}

static void check_transpose(bench *b) {
    enum { ROW = 3 * KERNEL_PAD };
    static real x[MOST * SIDE], y[SIDE * ROW];
    base_random r = base_random_stream(1, "transpose");
    fill(x, MOST * SIDE, &r);
    memset(y, 0xff, sizeof y);
    b->k->transpose(b->n, SIDE - 1, x, SIDE, y, ROW);
    for (size_t c = 0; c < SIDE - 1; c++)
        for (size_t i = 0; i < b->n || i % KERNEL_PAD; i++)
            compare(b, y[c * ROW + i], i < b->n ? (double)x[i * SIDE + c] : 0, 1e-30);
}

/* ---- AdamW ---- */

static void check_adamw(bench *b) {
    const kernel_adamw u = {REAL(0.1),  REAL(0.999), REAL(0.001), REAL(1e-3),
                            REAL(0.01), REAL(0.02),  REAL(0.5),   REAL(0.25)};
    EACH b->in[3][i] = REAL(fabs(W(i)));
    b->k->adamw(b->n, &u, b->in[0], b->in[1], b->in[2], b->in[3]);
    EACH {
        double g = (double)u.clip * Y(i), m = Z(i) + (double)u.take1 * (g - Z(i));
        double v = (double)u.beta2 * fabs(W(i)) + (double)u.take2 * g * g;
        double step = (double)u.step * m / (sqrt(v) / (double)u.root + (double)u.epsilon);
        compare(b, b->in[2][i], m, 3);
        compare(b, b->in[3][i], v, 3);
        compare(b, b->in[0][i], X(i) - (double)u.shrink * X(i) - step, 2 + fabs(step));
    }
}

/* It must be adamw's decay to the bit, whatever the compiler makes of a * b + c. */
static void check_decay(bench *b) {
    static real resting[3 * MOST], w[MOST];
    const kernel_adamw u = {.beta2 = REAL(0.999),
                            .epsilon = REAL(1e-8),
                            .shrink = REAL(0.013),
                            .step = REAL(0.1),
                            .root = REAL(0.5),
                            .clip = REAL(1)};
    EACH w[i] = b->in[0][i];
    b->k->adamw(b->n, &u, w, resting, resting + MOST, resting + 2 * MOST);
    b->k->decay(b->n, u.shrink, b->in[0]);
    EACH compare(b, b->in[0][i], (double)w[i], 1e-30);
}

/* ---- all of them ---- */

static const struct subject {
    const char *name;
    void (*check)(bench *b);
} subjects[] = {
#define KERNEL(result, name, arguments) {#name, check_##name},
#include "autograd/kernels/kernels.def"
#undef KERNEL
};

static const double LIMIT = 4; /* eps sqrt(n) of the terms' size */

/* The first kernel of the table that is wrong, NULL when none is; the sentence says where. */
static const char *first_wrong(const kernel_table *k, char *sentence, size_t size) {
    static bench b;
    for (size_t s = 0; s < sizeof subjects / sizeof *subjects; s++)
        for (size_t n = 1; n <= MOST; n++)
            for (size_t offset = 0; offset < OFFSETS; offset++) {
                set_up(&b, k, n, offset);
                subjects[s].check(&b);
                guarded(&b);
                if (b.worst <= LIMIT * sqrt((double)n))
                    continue;
                snprintf(sentence, size, "%s at %s: n %zu, offset %zu: error of %.3g eps",
                         subjects[s].name, k->level, n, offset, b.worst);
                return subjects[s].name;
            }
    return NULL;
}

#define LEVEL(name, level)                                                                         \
    Test(kernels, agree_with_double_at_##name) {                                                   \
        char sentence[200] = "";                                                                   \
        if (level > base_cpu_best() || !kernel_at(level))                                          \
            cr_skip_test("this machine or build has no " #name " kernels");                        \
        cr_expect_null(first_wrong(kernel_at(level), sentence, sizeof sentence), "%s", sentence);  \
    }
LEVEL(baseline, BASE_CPU_BASELINE)
LEVEL(avx2, BASE_CPU_AVX2)
LEVEL(avx512, BASE_CPU_AVX512)

/* ---- planted bugs ---- */

static void gelu_without_remainder(size_t n, const real *x, real *y) {
    kernel_best()->gelu(n - n % 4, x, y);
}

static void add_beyond_the_end(size_t n, const real *x, real *y) {
    kernel_best()->add(n + 1, x, y);
}

static void dropout_that_starts_again(size_t n, kernel_mask mask, const real *x, real beta,
                                      real *y) {
    kernel_best()->dropout(n - n / 2, mask, x, beta, y);
    kernel_best()->dropout(n / 2, mask, x + n - n / 2, beta, y + n - n / 2);
}

Test(kernels, planted_bugs_are_found) {
    char sentence[200];
    kernel_table broken = *kernel_best();
    broken.gelu = gelu_without_remainder;
    cr_expect_str_eq(first_wrong(&broken, sentence, sizeof sentence), "gelu");
    broken = *kernel_best();
    broken.add = add_beyond_the_end;
    cr_expect_str_eq(first_wrong(&broken, sentence, sizeof sentence), "add");
    broken = *kernel_best();
    broken.dropout = dropout_that_starts_again;
    cr_expect_str_eq(first_wrong(&broken, sentence, sizeof sentence), "dropout");
}
