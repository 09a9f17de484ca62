#include "autograd/kernels/level/vector_mask.h"

#include <math.h>

void KERNEL_NAME(dropout)(size_t n, kernel_mask mask, const real *x, real beta, real *y) {
    for (size_t i = 0; i < n; i += VEC)
        accumulate(y + i, n - i, masked(&mask, i, get(x + i, n - i)), beta);
}

static real sum_row(size_t n, const kernel_mask *mask, const real *x, const real *residual,
                    real *z) {
    vec sum = {0};
    for (size_t i = 0; i < n; i += VEC) {
        vec v = masked(mask, i, get(x + i, n - i));
        if (residual)
            v += get(residual + i, n - i);
        put(z + i, n - i, v);
        sum += v;
    }
    return lanes_sum(sum);
}

/* Sum of squares around the mean, which z loses. */
static real centre_row(size_t n, real mean, real *z) {
    vec squares = {0};
    for (size_t i = 0; i < n; i += VEC) {
        vec v = only(get(z + i, n - i) - mean, n - i, 0);
        put(z + i, n - i, v);
        squares += v * v;
    }
    return lanes_sum(squares);
}

real KERNEL_NAME(add_norm)(size_t n, kernel_mask mask, const real *x, const real *residual,
                           real epsilon, const real *gamma, const real *beta, real *xhat, real *y) {
    real mean = sum_row(n, &mask, x, residual, y) / (real)n;
    double variance = (double)centre_row(n, mean, y) / (double)n;
    real rstd = REAL(1 / sqrt(variance + (double)epsilon));
    for (size_t i = 0; i < n; i += VEC) {
        vec v = rstd * get(y + i, n - i);
        if (xhat)
            put(xhat + i, n - i, v);
        put(y + i, n - i, get(gamma + i, n - i) * v + get(beta + i, n - i));
    }
    return rstd;
}

void KERNEL_NAME(add_norm_backward)(size_t n, kernel_mask mask, const real *dy, const real *xhat,
                                    real rstd, const real *gamma, real masked_beta,
                                    real *masked_out, real out_beta, real *out) {
    vec sum = {0}, along = {0};
    for (size_t i = 0; i < n; i += VEC) {
        vec g = get(gamma + i, n - i) * get(dy + i, n - i);
        sum += g;
        along += g * get(xhat + i, n - i);
    }
    real mean = lanes_sum(sum) / (real)n, slope = lanes_sum(along) / (real)n;
    for (size_t i = 0; i < n; i += VEC) {
        vec g = get(gamma + i, n - i) * get(dy + i, n - i);
        vec dz = rstd * (g - mean - slope * get(xhat + i, n - i));
        if (masked_out)
            accumulate(masked_out + i, n - i, masked(&mask, i, dz), masked_beta);
        if (out)
            accumulate(out + i, n - i, dz, out_beta);
    }
}
