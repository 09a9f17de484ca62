/* A random order of 0..n-1 without an array of it: a keyed permutation, whose every place can be
 * asked for by itself.
 *
 * A Feistel network on the numbers below the next power of two, walked until the number is below n
 * (Black & Rogaway 2002, "Ciphers with arbitrary finite domains", cycle walking). Each round adds
 * mixed bits of one half to the other, so that any split into halves permutes. */
#ifndef DATA_PERMUTATION_H
#define DATA_PERMUTATION_H

#include <stdint.h>

typedef struct data_permutation {
    uint64_t key, n;
    unsigned low, high; /* bits of the halves */
} data_permutation;

/* Of 0..n-1, 1 <= n <= 2^62; another order for each key. */
data_permutation data_permutation_of(uint64_t n, uint64_t key);

/* The number at a place (< n). */
uint64_t data_permutation_at(const data_permutation *permutation, uint64_t place);

#endif
