#include "autograd/kernels/level/vector.h"

/* Rows of C at once, as many as the registers hold beside one row of B. */
#if KERNEL_BYTES == 64
enum { ROWS = 8 };
#else
enum { ROWS = 4 };
#endif

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef struct operands {
    size_t k;
    real alpha, beta;
    const real *a;
    size_t a_row, a_col;
    const real *b;
    size_t ldb;
    real *c;
    size_t ldc;
} operands;

/* A block of C, `rows` by `vecs` vectors with `columns` elements in use; rows and vecs are
 * constants at every call. */
static inline __attribute__((always_inline)) void
block(const operands *o, size_t i, size_t j, const size_t rows, const size_t vecs, size_t columns) {
    vec sum[ROWS][2] = {{{0}}};
    const real *a = o->a + i * o->a_row, *b = o->b + j;
    for (size_t p = 0; p < o->k; p++, a += o->a_col, b += o->ldb) {
        vec left = get(b, columns), right = vecs == 2 ? get(b + VEC, columns - VEC) : left;
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            sum[r][0] += a[r * o->a_row] * left;
            if (vecs == 2)
                sum[r][1] += a[r * o->a_row] * right;
        }
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        real *c = o->c + (i + r) * o->ldc + j;
        accumulate(c, columns, o->alpha * sum[r][0], o->beta);
        if (vecs == 2)
            accumulate(c + VEC, columns - VEC, o->alpha * sum[r][1], o->beta);
    }
}

static inline __attribute__((always_inline)) void row_of_blocks(const operands *o, size_t i,
                                                                const size_t rows, size_t n) {
    size_t j = 0;
    for (; j + 2 * VEC <= n; j += 2 * VEC)
        block(o, i, j, rows, 2, 2 * VEC);
    if (j + VEC <= n) {
        block(o, i, j, rows, 1, VEC);
        j += VEC;
    }
    if (j < n)
        block(o, i, j, rows, 1, n - j);
}

void KERNEL_NAME(product)(size_t m, size_t n, size_t k, real alpha, const real *a, size_t a_row,
                          size_t a_col, const real *b, size_t ldb, real beta, real *c, size_t ldc) {
    const operands o = {k, alpha, beta, a, a_row, a_col, b, ldb, c, ldc};
    size_t i = 0;
    for (; i + ROWS <= m; i += ROWS)
        row_of_blocks(&o, i, ROWS, n);
    for (; ROWS > 4 && i + 4 <= m; i += 4)
        row_of_blocks(&o, i, 4, n);
    for (; i + 2 <= m; i += 2)
        row_of_blocks(&o, i, 2, n);
    if (i < m)
        row_of_blocks(&o, i, 1, n);
}

void KERNEL_NAME(transpose)(size_t rows, size_t cols, const real *x, size_t ldx, real *y,
                            size_t ldy) {
    for (size_t c = 0; c < cols; c++) {
        for (size_t r = 0; r < rows; r++)
            y[c * ldy + r] = x[r * ldx + c];
        size_t padding = (KERNEL_PAD - rows % KERNEL_PAD) % KERNEL_PAD;
        memset(y + c * ldy + rows, 0, padding * sizeof *y);
    }
}
