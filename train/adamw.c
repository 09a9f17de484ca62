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
