#define _GNU_SOURCE
#include "autograd/kernels/blas_memory.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* OpenBLAS's BUFFER_SIZE on x86-64, where it is largest, and what it adds for alignment. */
static const size_t buffer_size = ((size_t)128 << 20) + ((size_t)1 << 20);

/* OpenBLAS's own functions, which it exports; another BLAS does without. */
void *blas_memory_alloc(int position) __attribute__((weak));
void blas_memory_free(void *buffer) __attribute__((weak));

static bool has_room(size_t bytes) {
    void *room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return false;
    munmap(room, bytes);
    return true;
}

/* Buffers that are mapped, for OpenBLAS never gives one back. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t mapped;

static bool map_buffers(size_t threads, size_t limit, base_error *error) {
    size_t bytes;
    if (!base_size_mul(threads, buffer_size, &bytes) || !has_room(bytes))
        return base_fail(error, BASE_FAILED,
                         "address space is limited (ulimit -v) to %zu MiB, of which the BLAS wants "
                         "%zu MiB for %zu threads",
                         limit >> 20, bytes >> 20, threads);
    void **taken = base_alloc(threads, sizeof *taken, error);
    for (size_t i = 0; taken && i < threads; i++)
        taken[i] = blas_memory_alloc(0);
    for (size_t i = 0; taken && i < threads; i++)
        blas_memory_free(taken[i]); /* stays mapped, for whichever thread comes */
    free(taken);
    return taken != NULL;
}

bool blas_memory_take(size_t threads, base_error *error) {
    struct rlimit limit;
    if (!blas_memory_alloc || !blas_memory_free || getrlimit(RLIMIT_AS, &limit) ||
        limit.rlim_cur == RLIM_INFINITY)
        return true;
    pthread_mutex_lock(&lock);
    bool ok = threads <= mapped || map_buffers(threads, (size_t)limit.rlim_cur, error);
    if (ok && threads > mapped)
        mapped = threads;
    pthread_mutex_unlock(&lock);
    return ok;
}
