/* Float operators at every level of vector kernels against the double build's numbers. */
#include "autograd/ops_table.h"
#include "tests/judge_numbers.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

/* Error allowed: FACTOR eps sqrt(K) of the array's largest number, K the case's longest side. */
static const double FACTOR = 2;

static double longest_side(const judge_case *j) {
    size_t longest = 1;
    for (size_t i = 0; i < j->inputs; i++) {
        longest = j->param[i].rows > longest ? j->param[i].rows : longest;
        longest = j->param[i].cols > longest ? j->param[i].cols : longest;
    }
    return (double)longest;
}

/* Largest error of array a, in units of eps times its largest number; HUGE_VAL for a NaN. */
static double error_of(const judge_numbers *f, const judge_numbers *d, size_t a) {
    double largest = DBL_MIN, worst = 0;
    for (size_t i = d->start[a]; i < d->start[a + 1]; i++) {
        double error = fabs(f->number[i] - d->number[i]);
        largest = fmax(largest, fabs(d->number[i]));
        worst = fmax(worst, isnan(error) ? HUGE_VAL : error);
    }
    return worst / largest / (double)REAL_EPSILON;
}

static bool compare_case(FILE *file, const op_def *def, const op_case *c,
                         const kernel_table *kernels, base_error *why) {
    judge_case j;
    judge_numbers f = {0}, d = {0};
    if (judge_case_draw(&j, def, c, why) && judge_numbers_run(&j, kernels, &f, why) &&
        judge_numbers_read(file, j.name, &f, &d, why))
        for (size_t a = 0; a < f.arrays; a++) {
            double error = error_of(&f, &d, a), limit = FACTOR * sqrt(longest_side(&j));
            if (!(error <= limit))
                base_fail(why, BASE_FAILED, "%s: array %zu is off by %.3g eps, allowed %.3g",
                          j.name, a, error, limit);
        }
    judge_numbers_free(&f);
    judge_numbers_free(&d);
    judge_case_free(&j);
    return base_ok(why);
}

static bool compare_all(const kernel_table *kernels, base_error *why) {
    FILE *file = fopen(JUDGE_NUMBERS_PATH, "r");
    if (!file)
        cr_skip_test("no " JUDGE_NUMBERS_PATH ": the double suite writes it (make test)");
    for (const op_def *const *def = op_table; *def; def++)
        for (const op_case *c = (*def)->cases; c->name && base_ok(why); c++)
            compare_case(file, *def, c, kernels, why);
    fclose(file);
    return base_ok(why);
}

#define COMPARE_LEVEL(name, level)                                                                 \
    Test(float_against_double, ops_at_##name) {                                                    \
        if (level > base_cpu_best() || !kernel_at(level))                                          \
            cr_skip_test("this machine or build has no " #name " kernels");                        \
        base_error why = {0};                                                                      \
        cr_expect(compare_all(kernel_at(level), &why), "%s", why.text);                            \
    }
COMPARE_LEVEL(baseline, BASE_CPU_BASELINE)
COMPARE_LEVEL(avx2, BASE_CPU_AVX2)
COMPARE_LEVEL(avx512, BASE_CPU_AVX512)

static void add_without_remainder(size_t n, const real *x, real *y) {
    kernel_best()->add(n - n % 4, x, y);
}

Test(float_against_double, finds_a_remainder_loop_that_is_missing) {
    kernel_table broken = *kernel_best();
    broken.add = add_without_remainder;
    base_error why = {0};
    cr_expect_not(compare_all(&broken, &why));
}
