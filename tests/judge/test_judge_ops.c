/* Every operator of ops.def before the judge, at every level of vector kernels. */
#include "autograd/ops_table.h"
#include "tests/judge_case.h"

#include <criterion/criterion.h>

static void judge_table(const kernel_table *kernels) {
    for (const op_def *const *def = op_table; *def; def++) {
        base_error why = {0};
        cr_expect(judge_op(*def, kernels, &why), "%s kernels: %s", kernels->level, why.text);
    }
}

#define JUDGE_LEVEL(name, level)                                                                   \
    Test(judge, ops_at_##name) {                                                                   \
        if (level > base_cpu_best() || !kernel_at(level))                                          \
            cr_skip_test("this machine or build has no " #name " kernels");                        \
        judge_table(kernel_at(level));                                                             \
    }
JUDGE_LEVEL(baseline, BASE_CPU_BASELINE)
JUDGE_LEVEL(avx2, BASE_CPU_AVX2)
JUDGE_LEVEL(avx512, BASE_CPU_AVX512)
