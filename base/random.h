/* Random numbers.
 *
 * Counter-based: a draw is a pure function of its key and counter, so results depend neither on
 * order nor on threads. `base_random_mix` is the finaliser of SplitMix64 (Steele, Lea & Flood
 * 2014, "Fast Splittable Pseudorandom Number Generators", section 4). */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 64 mixed bits of (key, counter); chain calls to key on more than two numbers. */
uint64_t base_random_mix(uint64_t key, uint64_t counter);

/* A sequential stream: {seed, 0} and count up. Copying the struct copies the position. */
typedef struct base_random {
    uint64_t key, counter;
} base_random;

/* A stream for one purpose: streams of one seed with different names are independent. */
base_random base_random_stream(uint64_t seed, const char *name);

uint64_t base_random_next(base_random *r);
/* Uniform in 0..n-1 without bias (n >= 1). */
uint64_t base_random_below(base_random *r, uint64_t n);
/* Uniform in [0, 1), 53 bits. */
double base_random_uniform(base_random *r);
/* Standard normal (Box & Muller 1958). */
double base_random_normal(base_random *r);
/* Whether the next of `left` things is among the `wanted` that are still to be chosen of them,
 * which becomes one less then: asked of each in turn, every choice of so many is as likely (Knuth,
 * "The Art of Computer Programming" 2, section 3.4.2, algorithm S). */
bool base_random_takes(base_random *r, size_t left, size_t *wanted);
/* Fisher-Yates shuffle of n indices. */
void base_random_shuffle(base_random *r, uint32_t *items, size_t n);

#endif
