#define _GNU_SOURCE
#include "base/threads.h"

#include "base/cpu.h"
#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { SPIN_PAUSES = 2000, SPIN_YIELDS = 200 };

/* The lower half of a ticket when no tile can be taken. */
#define CLOSED 0xffffffffu

/* A job ends when its tiles are done, not when every worker has looked at it: a worker whose core
 * is busy with another program must not be waited for. So a worker may come late, and takes a tile
 * by exchanging the ticket it has read: that fails when another tile or another job has come up
 * since, and with it all that it read of the job is known to belong together. */
static struct pool {
    pthread_mutex_t job;  /* held by the thread whose job runs */
    pthread_mutex_t door; /* guards sleeping workers */
    pthread_cond_t wake;
    pthread_t *workers;
    size_t count; /* workers, the caller not included */
    atomic_size_t numbered;
    _Atomic uint64_t ticket;   /* number of the job << 32 | its next tile */
    atomic_size_t tiles, left; /* of the job; left: not done yet */
    base_tile *_Atomic tile;
    void *_Atomic context;
    atomic_bool stop;
#ifdef __linux__
    cpu_set_t mask; /* the caller's, before pinning */
    bool pinned;
#endif
} pool = {.job = PTHREAD_MUTEX_INITIALIZER,
          .door = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .ticket = CLOSED};

static _Thread_local bool inside_tile;
static _Thread_local size_t self;

static void pause_cpu(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void take_tiles(void) {
    inside_tile = true;
    for (uint64_t ticket = atomic_load(&pool.ticket);;) {
        base_tile *tile = atomic_load(&pool.tile);
        void *context = atomic_load(&pool.context);
        size_t i = ticket & CLOSED;
        if (i >= atomic_load(&pool.tiles))
            break;
        if (!atomic_compare_exchange_weak(&pool.ticket, &ticket, ticket + 1))
            continue;
        tile(context, i);
        atomic_fetch_sub(&pool.left, 1);
        ticket = atomic_load(&pool.ticket);
    }
    inside_tile = false;
}

static uint32_t job_number(void) {
    return (uint32_t)(atomic_load(&pool.ticket) >> 32);
}

static void wait_for_job(uint32_t seen) {
    for (int i = 0; i < SPIN_PAUSES + SPIN_YIELDS; i++) {
        if (job_number() != seen)
            return;
        if (i < SPIN_PAUSES)
            pause_cpu();
        else
            sched_yield();
    }
    pthread_mutex_lock(&pool.door);
    while (job_number() == seen)
        pthread_cond_wait(&pool.wake, &pool.door);
    pthread_mutex_unlock(&pool.door);
}

static void *work(void *start) {
    uint32_t seen = *(uint32_t *)start;
    self = atomic_fetch_add(&pool.numbered, 1) + 1;
    for (;;) {
        wait_for_job(seen);
        seen = job_number();
        if (atomic_load(&pool.stop))
            return NULL;
        take_tiles();
    }
}

/* Puts up a new job. The old ticket is taken back first, so that nobody takes a tile while the
 * job's parts change. */
static void announce(size_t tiles, base_tile *tile, void *context) {
    uint64_t number = (uint64_t)job_number() + 1;
    atomic_fetch_or(&pool.ticket, CLOSED);
    atomic_store(&pool.tile, tile);
    atomic_store(&pool.context, context);
    atomic_store(&pool.tiles, tiles);
    atomic_store(&pool.left, tiles);
    pthread_mutex_lock(&pool.door);
    atomic_store(&pool.ticket, number << 32);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.door);
}

static void wait_for_tiles(void) {
    for (int i = 0; atomic_load(&pool.left) > 0; i++) {
        if (i < SPIN_PAUSES)
            pause_cpu();
        else
            sched_yield();
    }
}

static void run_alone(size_t tiles, base_tile *tile, void *context) {
    for (size_t i = 0; i < tiles; i++)
        tile(context, i);
}

void base_threads_run(size_t tiles, base_tile *tile, void *context) {
    if (tiles <= 1 || tiles >= CLOSED || inside_tile || pthread_mutex_trylock(&pool.job)) {
        run_alone(tiles, tile, context);
        return;
    }
    if (pool.count == 0) {
        run_alone(tiles, tile, context);
    } else {
        announce(tiles, tile, context);
        take_tiles();
        wait_for_tiles();
    }
    pthread_mutex_unlock(&pool.job);
}

typedef struct range_job {
    base_range *range;
    void *context;
    size_t n, parts;
} range_job;

static void range_tile(void *context, size_t i) {
    const range_job *job = context;
    size_t each = job->n / job->parts, rest = job->n % job->parts;
    size_t begin = i * each + (i < rest ? i : rest);
    job->range(job->context, begin, begin + each + (i < rest));
}

void base_threads_range(size_t n, size_t grain, base_range *range, void *context) {
    if (n == 0)
        return;
    range_job job = {range, context, n, grain ? (n + grain - 1) / grain : n};
    base_threads_run(job.parts, range_tile, &job);
}

size_t base_threads_self(void) {
    return self;
}

size_t base_threads_count(void) {
    return pool.count + 1;
}

/* Pinning pays only when this process fills the machine; otherwise two processes of ours would sit
 * on the same core. */
bool base_threads_pin(void) {
#ifdef __linux__
    if (pool.pinned)
        return true;
    pool.pinned = !sched_getaffinity(0, sizeof pool.mask, &pool.mask) &&
                  (size_t)CPU_COUNT(&pool.mask) == pool.count + 1;
    size_t thread = 0;
    for (size_t cpu = 0; pool.pinned && cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &pool.mask))
            continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(thread ? pool.workers[thread - 1] : pthread_self(), sizeof one,
                               &one);
        thread++;
    }
    return pool.pinned;
#else
    return false;
#endif
}

static void unpin_caller(void) {
#ifdef __linux__
    if (pool.pinned)
        pthread_setaffinity_np(pthread_self(), sizeof pool.mask, &pool.mask);
    pool.pinned = false;
#endif
}

size_t base_threads_allowed(void) {
#ifdef __linux__
    if (pool.pinned)
        return (size_t)CPU_COUNT(&pool.mask);
#endif
    return base_cpu_affinity();
}

bool base_threads_start(size_t threads, base_error *error) {
    base_threads_stop();
    size_t wanted = (threads ? threads : base_cpu_threads()) - 1;
    pool.workers = base_alloc(wanted, sizeof *pool.workers, error);
    if (!pool.workers)
        return false;
    static uint32_t start;
    start = job_number();
    for (; pool.count < wanted; pool.count++)
        if (pthread_create(&pool.workers[pool.count], NULL, work, &start)) {
            base_fail(error, BASE_FAILED, "the system does not start thread %zu of %zu",
                      pool.count + 2, wanted + 1);
            base_threads_stop();
            return false;
        }
    return true;
}

void base_threads_stop(void) {
    atomic_store(&pool.stop, true);
    announce(0, NULL, NULL);
    for (size_t i = 0; i < pool.count; i++)
        pthread_join(pool.workers[i], NULL);
    atomic_store(&pool.stop, false);
    unpin_caller();
    free(pool.workers);
    pool.workers = NULL;
    atomic_store(&pool.numbered, 0);
    pool.count = 0;
}
