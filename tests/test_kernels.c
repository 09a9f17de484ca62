/* Every kernel of kernels.def at every level against plain scalar formulas in double: lengths from
 * 1 to two vectors plus one, aligned and unaligned starts, nothing written beyond the end. */
#include "autograd/kernels/kernel.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 2 * KERNEL_PAD + 1, ROOM = 4 * KERNEL_PAD, INPUTS = 3, OUTPUTS = 3, ROWS = 11 };
static const double FACTOR = 6;

/* Operands of one call: x are read; y are read and written; s are scalars that come back. */
typedef struct operands {
    real *x[INPUTS], *y[OUTPUTS], s[2];
} operands;

/* The same in double. */
typedef struct exact {
    double x[INPUTS][ROOM * ROWS], y[OUTPUTS][ROOM * ROWS], s[2];
} exact;

typedef void run_kernel(const kernel_table *k, size_t n, operands *o);
typedef void run_exact(size_t n, exact *e);

static double sum_of(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * (b ? b[i] : 1);
    return sum;
}

static double largest_of(size_t n, const double *a) {
    double top = a[0];
    for (size_t i = 1; i < n; i++)
        top = fmax(top, a[i]);
    return top;
}

/* The draw of element i as vector_mask.h describes it. */
static const kernel_mask mask = {0x123456789abcdef0u, 0x60000000u, 2};
static double masked(size_t i, double x) {
    uint32_t h = (uint32_t)i * 0x9e3779b9u + (uint32_t)mask.key;
    h = (h ^ h >> 16) * 0x7feb352du ^ (uint32_t)(mask.key >> 32);
    h = (h ^ h >> 15) * 0x846ca68bu;
    return (h ^ h >> 16) >= mask.threshold ? x * (double)mask.scale : 0;
}

/* A kernel whose result is element by element: `formula` sets or changes e->y[0][i]. */
#define PER_ELEMENT(name, call, formula)                                                           \
    static void run_##name(const kernel_table *k, size_t n, operands *o) {                         \
        k->call;                                                                                   \
    }                                                                                              \
    static void exact_##name(size_t n, exact *e) {                                                 \
        for (size_t i = 0; i < n; i++) {                                                           \
            double a = e->x[0][i], b = e->x[1][i], *y = &e->y[0][i];                               \
            (void)a, (void)b;                                                                      \
            formula;                                                                               \
        }                                                                                          \
    }
/* A kernel whose result is one number. */
#define PER_ROW(name, call, formula)                                                               \
    static void run_##name(const kernel_table *k, size_t n, operands *o) {                         \
        o->s[0] = (real)k->call;                                                                   \
    }                                                                                              \
    static void exact_##name(size_t n, exact *e) {                                                 \
        e->s[0] = formula;                                                                         \
    }
#define A o->x[0]
#define B o->x[1]
#define Y o->y[0]

PER_ELEMENT(axpy, axpy(n, REAL(0.75), A, Y), *y += 0.75 * a)
PER_ELEMENT(scale, scale(n, REAL(-1.5), Y), *y *= -1.5)
PER_ELEMENT(add, add(n, A, Y), *y += a)
PER_ELEMENT(add_product, add_product(n, A, B, Y), *y += a * b)
PER_ROW(dot, dot(n, A, B), sum_of(n, e->x[0], e->x[1]))
PER_ROW(sum, sum(n, A), sum_of(n, e->x[0], NULL))
PER_ROW(max, max(n, A), largest_of(n, e->x[0]))
PER_ROW(sum_squares, sum_squares(n, A), sum_of(n, e->x[0], e->x[0]))

/* ---- activations ---- */

static double normal_below(double x) {
    return erfc(-x / sqrt(2)) / 2;
}

static double gelu_slope(double x) {
    return normal_below(x) + x * exp(-x * x / 2) / sqrt(2 * acos(-1));
}

static double gelu_tanh(double x, double *slope) {
    double c = sqrt(2 / acos(-1)), t = tanh(c * (x + 0.044715 * x * x * x));
    *slope = (1 + t) / 2 + x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x) / 2;
    return x * (1 + t) / 2;
}

static double gelu_tanh_slope(double x) {
    double slope;
    gelu_tanh(x, &slope);
    return slope;
}

PER_ELEMENT(gelu, gelu(n, A, Y), *y = a * normal_below(a))
PER_ELEMENT(gelu_back, gelu_backward(n, A, B, 1, Y), *y += b * gelu_slope(a))
PER_ELEMENT(gelu_first, gelu_backward(n, A, B, 0, Y), *y = b * gelu_slope(a))
PER_ELEMENT(gelu_tanh, gelu_tanh(n, A, Y), double unused; *y = gelu_tanh(a, &unused))
PER_ELEMENT(gelu_tanh_back, gelu_tanh_backward(n, A, B, 1, Y), *y += b * gelu_tanh_slope(a))
PER_ELEMENT(relu, relu(n, A, Y), *y = a > 0 ? a : 0)
PER_ELEMENT(relu_back, relu_backward(n, A, B, 1, Y), *y += a > 0 ? b : 0)
PER_ELEMENT(tanh, tanh(n, A, Y), *y = tanh(a))
PER_ELEMENT(tanh_back, tanh_backward(n, A, B, 1, Y), *y += b * (1 - tanh(a) * tanh(a)))

PER_ELEMENT(dropout, dropout(n, mask, A, 0, Y), *y = masked(i, a))
PER_ELEMENT(dropout_more, dropout(n, mask, A, 1, Y), *y += masked(i, a))

/* ---- LayerNorm ---- */

static const double EPSILON = 0x1p-10;

static void run_add_norm(const kernel_table *k, size_t n, operands *o) {
    o->s[0] = k->add_norm(n, mask, A, B, REAL(EPSILON), o->x[2], A, o->y[1], Y);
}

static void exact_add_norm(size_t n, exact *e) {
    double z[MOST], mean = 0, variance = 0;
    for (size_t i = 0; i < n; i++)
        mean += (z[i] = e->x[1][i] + masked(i, e->x[0][i])) / (double)n;
    for (size_t i = 0; i < n; i++)
        variance += (z[i] - mean) * (z[i] - mean) / (double)n;
    e->s[0] = 1 / sqrt(variance + EPSILON);
    for (size_t i = 0; i < n; i++) {
        e->y[1][i] = (z[i] - mean) * e->s[0];
        e->y[0][i] = e->x[2][i] * e->y[1][i] + e->x[0][i];
    }
}

static void run_add_norm_backward(const kernel_table *k, size_t n, operands *o) {
    k->add_norm_backward(n, mask, A, B, REAL(1.25), o->x[2], 1, o->y[1], 1, Y);
}

static void exact_add_norm_backward(size_t n, exact *e) {
    double g[MOST], mean = 0, along = 0;
    for (size_t i = 0; i < n; i++) {
        g[i] = e->x[2][i] * e->x[0][i];
        mean += g[i] / (double)n;
        along += g[i] * e->x[1][i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double dz = 1.25 * (g[i] - mean - e->x[1][i] * along);
        e->y[1][i] += masked(i, dz);
        e->y[0][i] += dz;
    }
}

/* ---- softmax, whose rows have room for the padding ---- */

static size_t padded(size_t n) {
    return (n + KERNEL_PAD - 1) / KERNEL_PAD * KERNEL_PAD;
}

/* What the padding holds is the kernel's own business. */
static void clear_padding(size_t n, real *row) {
    for (size_t i = n; i < padded(n); i++)
        row[i] = 0;
}

static void run_softmax(const kernel_table *k, size_t n, operands *o) {
    k->softmax(n, REAL(0.5), A, Y, o->s);
    clear_padding(n, Y);
}

static void exact_softmax(size_t n, exact *e) {
    double *y = e->y[0], sum = 0;
    for (size_t i = 0; i < n; i++)
        y[i] = 0.5 * y[i] + e->x[0][i];
    e->s[0] = largest_of(n, y);
    for (size_t i = 0; i < n; i++)
        sum += y[i] = exp(y[i] - e->s[0]);
    for (size_t i = 0; i < padded(n); i++)
        y[i] = i < n ? y[i] / sum : 0;
    e->s[1] = 1 / sum;
}

static void run_softmax_recompute(const kernel_table *k, size_t n, operands *o) {
    const real statistics[] = {REAL(1.5), REAL(0.25)};
    k->softmax_recompute(n, REAL(0.5), NULL, Y, statistics);
    clear_padding(n, Y);
}

static void exact_softmax_recompute(size_t n, exact *e) {
    for (size_t i = 0; i < padded(n); i++)
        e->y[0][i] = i < n ? 0.25 * exp(0.5 * e->y[0][i] - 1.5) : 0;
}

/* p has zeros in the padding; what dp has there is not read. */
static void run_softmax_backward(const kernel_table *k, size_t n, operands *o) {
    clear_padding(n, Y);
    k->softmax_backward(n, mask, Y, o->y[1]);
    clear_padding(n, Y);
    clear_padding(n, o->y[1]);
}

static void exact_softmax_backward(size_t n, exact *e) {
    double *p = e->y[0], *dp = e->y[1], sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i] * (dp[i] = masked(i, dp[i]));
    for (size_t i = 0; i < padded(n); i++) {
        dp[i] = i < n ? p[i] * (dp[i] - sum) : 0;
        p[i] = i < n ? masked(i, p[i]) : 0;
    }
}

/* ---- small matrices: rows of n columns, ROOM apart ---- */

enum { DEPTH = 3, A_ROW = 5 };

static void run_product(const kernel_table *k, size_t n, operands *o) {
    k->product(ROWS, n, DEPTH, REAL(0.5), A, A_ROW, 1, B, ROOM, 1, Y, ROOM);
}

static void run_product_first(const kernel_table *k, size_t n, operands *o) {
    k->product(ROWS, n, DEPTH, REAL(0.5), A, 1, ROOM, B, ROOM, 0, Y, ROOM);
}

static void multiply(size_t n, exact *e, size_t a_row, size_t a_col, double beta) {
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < n; c++) {
            double sum = 0;
            for (size_t k = 0; k < DEPTH; k++)
                sum += e->x[0][r * a_row + k * a_col] * e->x[1][k * ROOM + c];
            e->y[0][r * ROOM + c] = 0.5 * sum + beta * e->y[0][r * ROOM + c];
        }
}

static void exact_product(size_t n, exact *e) {
    multiply(n, e, A_ROW, 1, 1);
}

static void exact_product_first(size_t n, exact *e) {
    multiply(n, e, 1, ROOM, 0);
}

static void run_transpose(const kernel_table *k, size_t n, operands *o) {
    k->transpose(n, DEPTH, A, A_ROW, Y, ROOM);
}

static void exact_transpose(size_t n, exact *e) {
    for (size_t c = 0; c < DEPTH; c++)
        for (size_t r = 0; r < padded(n); r++)
            e->y[0][c * ROOM + r] = r < n ? e->x[0][r * A_ROW + c] : 0;
}

/* ---- AdamW: w, m, v are y[0..2], v not negative ---- */

static const kernel_adamw adamw = {REAL(0.125),  REAL(0.75), REAL(0.25), REAL(0x1p-7),
                                   REAL(0x1p-5), REAL(0.25), REAL(0.5),  REAL(0.75)};

static void run_adamw(const kernel_table *k, size_t n, operands *o) {
    for (size_t i = 0; i < n; i++)
        o->y[2][i] *= o->y[2][i] < 0 ? -1 : 1;
    k->adamw(n, &adamw, Y, A, o->y[1], o->y[2]);
}

static void exact_adamw(size_t n, exact *e) {
    for (size_t i = 0; i < n; i++) {
        double g = 0.75 * e->x[0][i], *w = &e->y[0][i], *m = &e->y[1][i], *v = &e->y[2][i];
        *m += 0.125 * (g - *m);
        *v = 0.75 * fabs(*v) + 0.25 * g * g;
        *w -= 0x1p-5 * *w + 0.25 * *m / (sqrt(*v) / 0.5 + 0x1p-7);
    }
}

static void run_decay(const kernel_table *k, size_t n, operands *o) {
    k->decay(n, REAL(0x1p-5), Y);
}

static void exact_decay(size_t n, exact *e) {
    for (size_t i = 0; i < n; i++)
        e->y[0][i] -= 0x1p-5 * e->y[0][i];
}

#define PROBE(kernel, name)                                                                        \
    { #kernel, run_##name, exact_##name }
static const struct probe {
    const char *kernel;
    run_kernel *run;
    run_exact *exact;
} probes[] = {
    PROBE(axpy, axpy),
    PROBE(scale, scale),
    PROBE(add, add),
    PROBE(add_product, add_product),
    PROBE(dot, dot),
    PROBE(sum, sum),
    PROBE(max, max),
    PROBE(sum_squares, sum_squares),
    PROBE(gelu, gelu),
    PROBE(gelu_backward, gelu_back),
    PROBE(gelu_backward, gelu_first),
    PROBE(gelu_tanh, gelu_tanh),
    PROBE(gelu_tanh_backward, gelu_tanh_back),
    PROBE(relu, relu),
    PROBE(relu_backward, relu_back),
    PROBE(tanh, tanh),
    PROBE(tanh_backward, tanh_back),
    PROBE(dropout, dropout),
    PROBE(dropout, dropout_more),
    PROBE(add_norm, add_norm),
    PROBE(add_norm_backward, add_norm_backward),
    PROBE(softmax, softmax),
    PROBE(softmax_recompute, softmax_recompute),
    PROBE(softmax_backward, softmax_backward),
    PROBE(product, product),
    PROBE(product, product_first),
    PROBE(transpose, transpose),
    PROBE(adamw, adamw),
    PROBE(decay, decay),
};
enum { PROBES = sizeof probes / sizeof *probes };

/* Numbers in -range..range; those beyond a row's end must come back as they were. */
static void draw(real *to, double *same, double range, base_random *r) {
    for (size_t i = 0; i < ROOM * ROWS; i++) {
        to[i] = REAL((2 * base_random_uniform(r) - 1) * range);
        same[i] = (double)to[i];
    }
}

static bool same(size_t n, const real *found, const double *expected, double scale) {
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)found[i] - expected[i]) <= scale))
            return false;
    return true;
}

/* Tolerance of an array: FACTOR eps sqrt(n) of the largest number in use. */
static double tolerance(size_t n, const double *numbers, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(numbers[i]));
    return FACTOR * (double)REAL_EPSILON * sqrt((double)n) * largest;
}

static bool probe_at(const struct probe *p, const kernel_table *k, size_t n, size_t offset,
                     double range) {
    static real x[INPUTS][ROOM * ROWS + KERNEL_PAD], y[OUTPUTS][ROOM * ROWS + KERNEL_PAD];
    static exact e;
    operands o = {.s = {0}};
    base_random r = base_random_stream(n, p->kernel);
    e.s[0] = e.s[1] = 0;
    for (size_t i = 0; i < INPUTS; i++)
        draw(o.x[i] = x[i] + offset, e.x[i], range, &r);
    for (size_t i = 0; i < OUTPUTS; i++)
        draw(o.y[i] = y[i] + offset, e.y[i], range, &r);
    p->run(k, n, &o);
    p->exact(n, &e);
    bool fine = same(2, o.s, e.s, tolerance(n, e.s, 2) + tolerance(n, e.x[0], n) * range);
    for (size_t i = 0; i < OUTPUTS; i++)
        fine = fine && same(ROOM * ROWS, o.y[i], e.y[i], tolerance(n, e.y[i], ROOM * ROWS));
    return fine;
}

/* Every length, start and range; the first that fails is named. */
static void probe_kernel(const struct probe *p, const kernel_table *k) {
    enum { STARTS = 4 };
    static const double ranges[] = {1, 12};
    for (size_t n = 1; n <= MOST; n++)
        for (size_t i = 0; i < 2 * STARTS; i++)
            if (!probe_at(p, k, n, i % STARTS, ranges[i / STARTS])) {
                cr_expect(false, "%s %s: %zu numbers from %zu, range %g", k->level, p->kernel, n,
                          i % STARTS, ranges[i / STARTS]);
                return;
            }
}

static void probe_level(const kernel_table *k) {
    for (size_t i = 0; i < PROBES; i++)
        probe_kernel(&probes[i], k);
}

#define PROBE_LEVEL(name, level)                                                                   \
    Test(kernels, at_##name) {                                                                     \
        if (level > base_cpu_best() || !kernel_at(level))                                          \
            cr_skip_test("this machine or build has no " #name " kernels");                        \
        probe_level(kernel_at(level));                                                             \
    }
PROBE_LEVEL(baseline, BASE_CPU_BASELINE)
PROBE_LEVEL(avx2, BASE_CPU_AVX2)
PROBE_LEVEL(avx512, BASE_CPU_AVX512)

/* The probe finds a remainder loop that does nothing. */
static void gelu_without_remainder(size_t n, const real *x, real *y) {
    kernel_best()->gelu(n - n % 4, x, y);
}

Test(kernels, a_missing_remainder_is_found) {
    kernel_table broken = *kernel_best();
    broken.gelu = gelu_without_remainder;
    for (size_t i = 0; i < PROBES; i++)
        if (!strcmp(probes[i].kernel, "gelu")) {
            cr_expect_not(probe_at(&probes[i], &broken, 5, 0, 1));
            cr_expect(probe_at(&probes[i], &broken, 4, 0, 1));
        }
}

Test(kernels, all_are_probed) {
    static const char *const names[] = {
#define KERNEL(result, name, arguments) #name,
#include "autograd/kernels/kernels.def"
#undef KERNEL
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bool found = false;
        for (size_t p = 0; p < PROBES; p++)
            found = found || !strcmp(probes[p].kernel, names[i]);
        cr_expect(found, "no probe of %s", names[i]);
    }
}
