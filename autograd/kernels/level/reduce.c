#include "autograd/kernels/level/vector.h"

real KERNEL_NAME(dot)(size_t n, const real *x, const real *y) {
    vec a = {0}, b = {0};
    size_t i = 0;
    for (; i + 2 * VEC <= n; i += 2 * VEC) {
        a += load(x + i) * load(y + i);
        b += load(x + i + VEC) * load(y + i + VEC);
    }
    for (; i < n; i += VEC)
        a += get(x + i, n - i) * get(y + i, n - i);
    return lanes_sum(a + b);
}

real KERNEL_NAME(sum)(size_t n, const real *x) {
    vec a = {0};
    for (size_t i = 0; i < n; i += VEC)
        a += get(x + i, n - i);
    return lanes_sum(a);
}

real KERNEL_NAME(max)(size_t n, const real *x) {
    vec top = broadcast(x[0]);
    for (size_t i = 0; i < n; i += VEC)
        top = larger(get_or(x + i, n - i, x[0]), top);
    return lanes_max(top);
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
