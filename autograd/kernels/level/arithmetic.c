#include "autograd/kernels/level/vector.h"

void KERNEL_NAME(axpy)(size_t n, real a, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC)
        put(y + i, n - i, a * get(x + i, n - i) + get(y + i, n - i));
}

void KERNEL_NAME(scale)(size_t n, real a, real *y) {
    for (size_t i = 0; i < n; i += VEC)
        put(y + i, n - i, a * get(y + i, n - i));
}

void KERNEL_NAME(add)(size_t n, const real *x, real *y) {
    for (size_t i = 0; i < n; i += VEC)
        put(y + i, n - i, get(x + i, n - i) + get(y + i, n - i));
}

void KERNEL_NAME(add_product)(size_t n, const real *x, const real *z, real *y) {
    for (size_t i = 0; i < n; i += VEC)
        put(y + i, n - i, get(x + i, n - i) * get(z + i, n - i) + get(y + i, n - i));
}
