/* Compiled without contraction of a * b + c: both kernels must round w - shrink w alike. */
#include "autograd/kernels/level/vector_math.h"

void KERNEL_NAME(decay)(size_t n, real shrink, real *w) {
    for (size_t i = 0; i < n; i += VEC) {
        vec old = get(w + i, n - i);
        put(w + i, n - i, old - shrink * old);
    }
}

void KERNEL_NAME(adamw)(size_t n, const kernel_adamw *update, real *w, const real *g, real *m,
                        real *v) {
    const kernel_adamw u = *update;
    for (size_t i = 0; i < n; i += VEC) {
        size_t left = n - i;
        vec grad = u.clip * get(g + i, left), mean = get(m + i, left), old = get(w + i, left);
        mean += u.take1 * (grad - mean);
        vec squares = u.beta2 * get(v + i, left) + u.take2 * grad * grad;
        vec root = vector_sqrt(squares) / u.root + u.epsilon;
        put(m + i, left, mean);
        put(v + i, left, squares);
        put(w + i, left, old - u.shrink * old - u.step * mean / root);
    }
}
