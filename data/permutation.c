#include "data/permutation.h"

#include "base/random.h"

enum { ROUNDS = 8 };

data_permutation data_permutation_of(uint64_t n, uint64_t key) {
    unsigned bits = 0;
    while ((UINT64_C(1) << bits) < n)
        bits++;
    return (data_permutation){.key = key, .n = n, .low = bits / 2, .high = bits - bits / 2};
}

static uint64_t bits_of(uint64_t number, unsigned bits) {
    return number & ((UINT64_C(1) << bits) - 1);
}

static uint64_t scramble(const data_permutation *p, uint64_t number) {
    uint64_t low = bits_of(number, p->low), high = number >> p->low;
    for (uint64_t round = 0; round < ROUNDS; round += 2) {
        high ^= bits_of(base_random_mix(p->key + round, low), p->high);
        low ^= bits_of(base_random_mix(p->key + round + 1, high), p->low);
    }
    return high << p->low | low;
}

uint64_t data_permutation_at(const data_permutation *p, uint64_t place) {
    do
        place = scramble(p, place);
    while (place >= p->n);
    return place;
}
