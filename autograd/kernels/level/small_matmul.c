#include "autograd/kernels/level/vector.h"

/* Registers for sums: ROWS x WIDE vectors of c stay in registers over the whole of k. */
enum { ROWS = 4, WIDE = KERNEL_BYTES == 64 ? 4 : 2 };

size_t KERNEL_NAME(lanes)(void) {
    return VEC;
}

typedef struct operands {
    size_t k;
    const real *a;
    size_t a_row, a_column;
    const real *b;
    size_t b_row;
    real *c;
    size_t c_row;
} operands;

/* c[rows, wide vectors] with rows and wide known at compile time, so that sums are registers. */
static inline __attribute__((always_inline)) void
block(const operands *o, size_t row, size_t column, const size_t rows, const size_t wide) {
    vec sum[ROWS][WIDE] = {{{0}}};
    const real *a = o->a + row * o->a_row, *b = o->b + column;
    for (size_t p = 0; p < o->k; p++, a += o->a_column, b += o->b_row)
        for (size_t w = 0; w < wide; w++) {
            vec bv = load(b + w * VEC);
            for (size_t r = 0; r < rows; r++)
                sum[r][w] += a[r * o->a_row] * bv;
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t w = 0; w < wide; w++)
            store(o->c + (row + r) * o->c_row + column + w * VEC, sum[r][w]);
}

void KERNEL_NAME(small_matmul)(size_t m, size_t n, size_t k, const real *a, size_t a_row,
                               size_t a_column, const real *b, size_t b_row, real *c,
                               size_t c_row) {
    operands o = {k, a, a_row, a_column, b, b_row, c, c_row};
    size_t row = 0;
    for (; row + ROWS <= m; row += ROWS) {
        size_t column = 0;
        for (; column + WIDE * VEC <= n; column += WIDE * VEC)
            block(&o, row, column, ROWS, WIDE);
        for (; column + 2 * VEC <= n; column += 2 * VEC)
            block(&o, row, column, ROWS, 2);
        for (; column < n; column += VEC)
            block(&o, row, column, ROWS, 1);
    }
    for (; row < m; row++) {
        size_t column = 0;
        for (; column + WIDE * VEC <= n; column += WIDE * VEC)
            block(&o, row, column, 1, WIDE);
        for (; column < n; column += VEC)
            block(&o, row, column, 1, 1);
    }
}
