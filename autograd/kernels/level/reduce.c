#include "autograd/kernels/level/vector.h"

real KERNEL_NAME(dot)(size_t n, const real *x, const real *y) {
    vec a = {0}, b = {0};
    size_t i = 0;
    for (; i + 2 * VEC <= n; i += 2 * VEC) {
        a += load(x + i) * load(y + i);
        b += load(x + i + VEC) * load(y + i + VEC);
    }
    for (; i + VEC <= n; i += VEC)
        a += load(x + i) * load(y + i);
    if (i < n)
        b += load_part(x + i, n - i, 0) * load_part(y + i, n - i, 0);
    return lanes_sum(a + b);
}

real KERNEL_NAME(sum)(size_t n, const real *x) {
    vec a = {0};
    size_t i = 0;
    for (; i + VEC <= n; i += VEC)
        a += load(x + i);
    if (i < n)
        a += load_part(x + i, n - i, 0);
    return lanes_sum(a);
}

real KERNEL_NAME(max)(size_t n, const real *x) {
    real m = x[0];
    for (size_t i = 1; i < n; i++)
        m = x[i] > m ? x[i] : m;
    return m;
}

double KERNEL_NAME(sum_squares)(size_t n, const real *x) {
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++)
        lane[i % 8] += (double)x[i] * (double)x[i];
    for (size_t half = 4; half; half /= 2)
        for (size_t j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}
