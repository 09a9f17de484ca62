#include "base/random.h"

#include <math.h>

uint64_t base_random_mix(uint64_t key, uint64_t counter) {
    uint64_t z = key + (counter + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

base_random base_random_stream(uint64_t seed, const char *name) {
    uint64_t key = base_random_mix(seed, 0);
    for (; *name; name++)
        key = base_random_mix(key, (unsigned char)*name);
    return (base_random){key, 0};
}

uint64_t base_random_next(base_random *r) {
    return base_random_mix(r->key, r->counter++);
}

uint64_t base_random_below(base_random *r, uint64_t n) {
    uint64_t reject = (UINT64_MAX - n + 1) % n, draw;
    do
        draw = base_random_next(r);
    while (draw < reject);
    return draw % n;
}

double base_random_uniform(base_random *r) {
    return (double)(base_random_next(r) >> 11) * 0x1p-53;
}

double base_random_normal(base_random *r) {
    double radius = sqrt(-2 * log(1 - base_random_uniform(r)));
    return radius * cos(6.283185307179586477 * base_random_uniform(r));
}

bool base_random_takes(base_random *r, size_t left, size_t *wanted) {
    bool takes = base_random_below(r, left) < *wanted;
    *wanted -= takes;
    return takes;
}

void base_random_shuffle(base_random *r, uint32_t *items, size_t n) {
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)base_random_below(r, i);
        uint32_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
