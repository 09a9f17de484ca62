/* Ranks without MPI: this process is the only one. */
#include "dist/dist.h"

bool dist_start(dist_ranks *ranks, base_error *error) {
    *ranks = DIST_ALONE;
    size_t rank, launched = dist_launched(&rank);
    if (launched < 2)
        return true;
    ranks->rank = rank;
    ranks->agreed = true;
    return base_fail(error, BASE_BAD_INPUT,
                     "mpirun has started %zu processes, but this program was built without MPI; "
                     "build it by make MPI=1, or run it without mpirun",
                     launched);
}

bool dist_says(const dist_ranks *ranks, base_error *error) {
    (void)error;
    return ranks->rank == 0;
}

void dist_end(const dist_ranks *ranks, base_status status) {
    (void)ranks, (void)status;
}

void dist_sum(const dist_ranks *ranks, real *numbers, size_t count) {
    (void)ranks, (void)numbers, (void)count;
}

bool dist_sums_begin(const dist_ranks *ranks, dist_sums *sums, real *numbers, size_t count,
                     base_error *error) {
    (void)ranks, (void)sums, (void)numbers, (void)count;
    return base_ok(error);
}

void dist_sums_go_on(dist_sums *sums) {
    (void)sums;
}

void dist_sums_wait(dist_sums *sums) {
    (void)sums;
}

void dist_sums_release(dist_sums *sums) {
    (void)sums;
}

void dist_any(const dist_ranks *ranks, bool *flags, size_t count) {
    (void)ranks, (void)flags, (void)count;
}

bool dist_gather(const dist_ranks *ranks, void *all, const size_t *counts, size_t size,
                 base_error *error) {
    (void)ranks, (void)all, (void)counts, (void)size;
    return base_ok(error);
}

void dist_share(const dist_ranks *ranks, size_t from, void *data, size_t bytes) {
    (void)ranks, (void)from, (void)data, (void)bytes;
}
