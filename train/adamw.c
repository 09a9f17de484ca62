#include "train/adamw.h"

#include <math.h>

train_adamw_step train_adamw_at(const train_adamw *settings, size_t t, double rate, double decay,
                                double clip) {
    double n = (double)t;
    return (train_adamw_step){
        .take1 = REAL(1 - settings->beta1),
        .beta2 = REAL(settings->beta2),
        .take2 = REAL(1 - settings->beta2),
        .epsilon = REAL(settings->epsilon),
        .shrink = REAL(rate * decay),
        .step = REAL(rate / (1 - pow(settings->beta1, n))),
        .root = REAL(sqrt(1 - pow(settings->beta2, n))),
        .clip = REAL(clip),
    };
}

#ifdef REAL_DOUBLE
#define SQUARE_ROOT sqrt
#else
#define SQUARE_ROOT sqrtf
#endif

void train_adamw_run(const kernel_table *kernels, const train_adamw_step *s, size_t n, real *w,
                     const real *g, real *m, real *v) {
    (void)kernels;
    for (size_t i = 0; i < n; i++) {
        real grad = s->clip * g[i];
        m[i] += s->take1 * (grad - m[i]);
        v[i] = s->beta2 * v[i] + s->take2 * grad * grad;
        real shrunk = w[i] - s->shrink * w[i];
        w[i] = shrunk - s->step * m[i] / (SQUARE_ROOT(v[i]) / s->root + s->epsilon);
    }
}
