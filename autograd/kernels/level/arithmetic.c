#include "autograd/kernels/level/vector.h"

void KERNEL_NAME(axpy)(size_t n, real a, const real *x, real *y) {
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        store(y + i, a * load(x + i) + load(y + i));
    if (i < n)
        store_part(y + i, a * load_part(x + i, n - i, 0) + load_part(y + i, n - i, 0), n - i);
}

void KERNEL_NAME(scale)(size_t n, real a, real *y) {
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        store(y + i, a * load(y + i));
    if (i < n)
        store_part(y + i, a * load_part(y + i, n - i, 0), n - i);
}

void KERNEL_NAME(add)(size_t n, const real *x, real *y) {
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        store(y + i, load(x + i) + load(y + i));
    if (i < n)
        store_part(y + i, load_part(x + i, n - i, 0) + load_part(y + i, n - i, 0), n - i);
}
