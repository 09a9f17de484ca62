/* Ranks over MPI: every function is one collective of MPI_COMM_WORLD. MPI's own errors end the job
 * (MPI_ERRORS_ARE_FATAL). */
#define _GNU_SOURCE
#include "base/cpu.h"
#include "base/memory.h"
#include "dist/dist.h"

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

/* Numbers of one collective: MPI counts by int. */
enum { PIECE = 1 << 26 };

static void wait_a_while(long milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* A host's ranks share its CPUs, or mpirun has bound each to some of them. */
static void count_neighbours(dist_ranks *ranks) {
    MPI_Comm host;
    cpu_set_t set;
    int size;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &size);
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    MPI_Allreduce(MPI_IN_PLACE, &set, sizeof set, MPI_BYTE, MPI_BOR, host);
    MPI_Comm_free(&host);
    size_t quota = base_cpu_quota(""), cpus = (size_t)CPU_COUNT(&set);
    ranks->neighbours = (size_t)size;
    ranks->cpus = quota && quota < cpus ? quota : cpus;
}

bool dist_start(dist_ranks *ranks, base_error *error) {
    *ranks = DIST_ALONE;
    size_t launched = dist_launched(&ranks->rank);
    if (launched < 2)
        return true;
    int threads, rank, size;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &threads);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if ((size_t)size != launched) {
        ranks->agreed = true;
        return base_fail(error, BASE_BAD_INPUT,
                         "mpirun has started %zu processes, but the MPI that this program was "
                         "built with knows of %d; use the mpirun of that MPI",
                         launched, size);
    }
    ranks->rank = (size_t)rank;
    ranks->size = (size_t)size;
    count_neighbours(ranks);
    return true;
}

bool dist_says(const dist_ranks *ranks, base_error *error) {
    enum { A_SECOND = 1000 };
    if (ranks->agreed || ranks->rank == 0)
        return ranks->rank == 0;
    wait_a_while(A_SECOND);
    base_fail_prefix(error, "rank %zu", ranks->rank);
    return true;
}

void dist_end(const dist_ranks *ranks, base_status status) {
    int started;
    MPI_Initialized(&started);
    if (!started)
        return;
    if (status != BASE_OK && !ranks->agreed)
        MPI_Abort(MPI_COMM_WORLD, (int)status);
    MPI_Finalize();
}

static MPI_Datatype type_of_numbers(void) {
    return sizeof(real) == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE;
}

void dist_sum(const dist_ranks *ranks, real *numbers, size_t count) {
    for (size_t at = 0, n; ranks->size > 1 && at < count; at += n) {
        n = count - at < PIECE ? count - at : PIECE;
        MPI_Allreduce(MPI_IN_PLACE, numbers + at, (int)n, type_of_numbers(), MPI_SUM,
                      MPI_COMM_WORLD);
    }
}

bool dist_sums_begin(const dist_ranks *ranks, dist_sums *sums, real *numbers, size_t count,
                     base_error *error) {
    for (size_t at = 0, n; ranks->size > 1 && at < count; at += n) {
        if (!base_grow(&sums->request, &sums->capacity, sums->count + 1, sizeof(MPI_Request),
                       error))
            return false;
        MPI_Request *request = sums->request;
        n = count - at < PIECE ? count - at : PIECE;
        MPI_Iallreduce(MPI_IN_PLACE, numbers + at, (int)n, type_of_numbers(), MPI_SUM,
                       MPI_COMM_WORLD, &request[sums->count++]);
    }
    return true;
}

void dist_sums_go_on(dist_sums *sums) {
    MPI_Request *request = sums->request;
    int over;
    for (size_t i = 0; i < sums->count; i++)
        MPI_Test(&request[i], &over, MPI_STATUS_IGNORE);
}

void dist_sums_wait(dist_sums *sums) {
    MPI_Request *request = sums->request;
    for (size_t i = 0; i < sums->count; i++)
        MPI_Wait(&request[i], MPI_STATUS_IGNORE);
    sums->count = 0;
}

void dist_sums_release(dist_sums *sums) {
    free(sums->request);
}

void dist_any(const dist_ranks *ranks, bool *flags, size_t count) {
    for (size_t at = 0, n; ranks->size > 1 && at < count; at += n) {
        n = count - at < PIECE ? count - at : PIECE;
        MPI_Allreduce(MPI_IN_PLACE, flags + at, (int)n, MPI_C_BOOL, MPI_LOR, MPI_COMM_WORLD);
    }
}

/* Elements of each part and where it begins, as MPI has them. */
static bool set_places(const dist_ranks *ranks, const size_t *counts, int *count, int *begin,
                       base_error *error) {
    size_t sum = 0;
    for (size_t i = 0; i < ranks->size; i++) {
        if (counts[i] > INT_MAX || sum > INT_MAX - counts[i])
            return base_fail(error, BASE_FAILED, "the parts of all ranks are too many for MPI");
        count[i] = (int)counts[i];
        begin[i] = (int)sum;
        sum += counts[i];
    }
    return true;
}

bool dist_gather(const dist_ranks *ranks, void *all, const size_t *counts, size_t size,
                 base_error *error) {
    if (ranks->size == 1)
        return true;
    MPI_Datatype element;
    int *count = base_alloc_rows(2, ranks->size, sizeof *count, error);
    if (!count || size > INT_MAX || !set_places(ranks, counts, count, count + ranks->size, error)) {
        free(count);
        return base_fail(error, BASE_FAILED, "the parts of all ranks are too large for MPI");
    }
    MPI_Type_contiguous((int)size, MPI_BYTE, &element);
    MPI_Type_commit(&element);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, count, count + ranks->size, element,
                   MPI_COMM_WORLD);
    MPI_Type_free(&element);
    free(count);
    return true;
}

void dist_share(const dist_ranks *ranks, size_t from, void *data, size_t bytes) {
    char *at = data;
    for (size_t done = 0, n; ranks->size > 1 && done < bytes; done += n) {
        MPI_Request request;
        n = bytes - done < PIECE ? bytes - done : PIECE;
        MPI_Ibcast(at + done, (int)n, MPI_BYTE, (int)from, MPI_COMM_WORLD, &request);
        for (int over = 0; MPI_Test(&request, &over, MPI_STATUS_IGNORE), !over;)
            wait_a_while(1);
    }
}
