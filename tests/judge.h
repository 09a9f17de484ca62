/* The judge of gradients (docs/architecture.md, 8): whatever can be built on a tape from parameters
 * is projected on a random vector of norm 1, and every element of every gradient is compared with
 * the five-point difference of the projection. For the double build. */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include "autograd/tape.h"

typedef struct judge_problem {
    const char *name;   /* seeds the projection */
    tape_param **param; /* those with grad NULL are frozen */
    size_t params;
    tape_node *(*build)(tape *t, void *context);
    void *context;
    bool dropout;                /* with masks on */
    const kernel_table *kernels; /* NULL: the best */
    size_t stride;               /* judge every stride-th element; 0: all */
} judge_problem;

/* True when, for a gradient that is garbage before the pass (first touch writes) and for one that
 * holds numbers (later touches add), |analytic - numeric| <= 1e-7 max(1, |analytic|, |numeric|);
 * when recording does not change the value; and when no parameter's value was written. Else false,
 * and *why says which element of which parameter differs. */
bool judge_gradients(const judge_problem *problem, base_error *why);

/* A vector of norm 1 whose numbers are exact in float, drawn by name. */
void judge_direction(const char *name, size_t size, real *direction);

/* Address space of a tape for tests. */
enum { JUDGE_TAPE_BYTES = 1 << 28 };

#endif
