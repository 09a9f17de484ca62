/* Ranks: the processes of one job, on one machine or on several, that compute together. mpirun (or
 * srun) starts them; they speak by MPI's collectives and nothing else.
 *
 * Two files know what is below: mpi.c over MPI (make MPI=1), and alone.c without it, which every
 * other program is made with. Every rank calls the same functions in the same order. Where there is
 * one rank alone, all of them return at once. A rank that is killed, or cannot be reached, ends the
 * job: MPI ends the other ranks. One thread of a rank calls, the one that called dist_start. */
#ifndef DIST_DIST_H
#define DIST_DIST_H

#include "autograd/real.h"
#include "base/error.h"

typedef struct dist_ranks {
    size_t rank, size; /* this one, 0 .. size-1; how many there are, at least 1 */
    bool agreed;       /* the error is known to all of them (dist_agree) */
    /* Of this one's host: how many ranks it has, and CPUs that they may use in all. */
    size_t neighbours, cpus;
} dist_ranks;

/* This process alone. */
#define DIST_ALONE ((dist_ranks){.size = 1, .neighbours = 1})

/* Joins the job of the mpirun that has started this process; without one it is alone, and MPI is
 * not started at all. An error: mpirun, but no MPI in the program, or another one than mpirun's. */
bool dist_start(dist_ranks *ranks, base_error *error);

/* Whether this rank is to say its error: of one that all have it is rank 0; before a rank other
 * than 0 says one of its own, rank 0 has a second's time to say the same and to end the job. */
bool dist_says(const dist_ranks *ranks, base_error *error);

/* The end of the process's part, to be called last. With a status that is not 0 and not agreed the
 * other ranks may wait for this one: it ends the whole job at once, and does not return. */
void dist_end(const dist_ranks *ranks, base_status status);

/* ---- numbers ---- */

/* numbers[0..count) of every rank become their sum over the ranks: the same bits on all of them. */
void dist_sum(const dist_ranks *ranks, real *numbers, size_t count);

/* The same without waiting: sums that are under way; start with {0}. Every rank begins the same
 * ones in the same order. The numbers are neither read nor written until dist_sums_wait returns;
 * the sums go on whenever MPI is called, and dist_sums_go_on does nothing else. */
typedef struct dist_sums {
    void *request;
    size_t count, capacity;
} dist_sums;
bool dist_sums_begin(const dist_ranks *ranks, dist_sums *sums, real *numbers, size_t count,
                     base_error *error);
void dist_sums_go_on(dist_sums *sums);
void dist_sums_wait(dist_sums *sums);
void dist_sums_release(dist_sums *sums);

/* Each of flags[0..count) becomes true when it is on any rank. */
void dist_any(const dist_ranks *ranks, bool *flags, size_t count);

/* all[0 .. sum of counts) gets the parts of all ranks, one behind the other: rank i's has counts[i]
 * elements of `size` bytes; its own it has put into its place before. */
bool dist_gather(const dist_ranks *ranks, void *all, const size_t *counts, size_t size,
                 base_error *error);

/* data[0..bytes) of rank `from`, to all. The others sleep while they wait: it may be long. */
void dist_share(const dist_ranks *ranks, size_t from, void *data, size_t bytes);

/* ---- agreement (agree.c) ---- */

/* Whether all ranks are well so far. When one is not, all get its error, that of the lowest one,
 * and it is marked as known to all. */
bool dist_agree(dist_ranks *ranks, base_error *error);

/* The same of an error of rank 0, which has done something alone: the others sleep meanwhile. */
bool dist_follow(dist_ranks *ranks, base_error *error);

/* Whether every rank has rank 0's `lines`, a line "NAME: VALUE\n" each, in any order; an error on
 * all of them names the first one that a rank has not, and both values. */
bool dist_same(dist_ranks *ranks, const char *lines, base_error *error);

/* Of how many processes mpirun says that this is one, and which: by the environment. 0: no mpirun.
 */
size_t dist_launched(size_t *rank);

#endif
