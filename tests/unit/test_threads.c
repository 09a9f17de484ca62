#define _GNU_SOURCE
#include "base/threads.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { TILES = 1000 };

typedef struct tally {
    atomic_int seen[TILES];
    atomic_size_t total, out_of_range;
} tally;

static void count_tile(void *context, size_t tile) {
    tally *t = context;
    atomic_fetch_add(&t->seen[tile], 1);
    atomic_fetch_add(&t->total, 1);
    if (base_threads_self() >= base_threads_count())
        atomic_fetch_add(&t->out_of_range, 1);
}

static void expect_each_once(const tally *t, size_t tiles) {
    cr_expect_eq(atomic_load(&t->total), tiles);
    cr_expect_eq(atomic_load(&t->out_of_range), 0);
    for (size_t i = 0; i < tiles; i++)
        cr_assert_eq(atomic_load(&t->seen[i]), 1);
}

Test(threads, every_tile_runs_once_with_any_number_of_threads) {
    base_error error = {0};
    for (size_t threads = 0; threads <= 5; threads++) {
        if (threads > 0)
            cr_assert(base_threads_start(threads, &error), "%s", error.text);
        cr_expect_eq(base_threads_count(), threads ? threads : 1);
        for (size_t tiles = 0; tiles < TILES; tiles += 37) {
            tally t = {0};
            base_threads_run(tiles, count_tile, &t);
            expect_each_once(&t, tiles);
        }
    }
    base_threads_stop();
    cr_expect_eq(base_threads_count(), 1);
}

static void run_inner(void *context, size_t tile) {
    tally *all = context;
    base_threads_run(TILES / 10, count_tile, &all[tile]);
}

Test(threads, a_job_inside_a_tile_is_done_by_its_caller) {
    base_error error = {0};
    static tally inner[8];
    cr_assert(base_threads_start(3, &error));
    base_threads_run(8, run_inner, inner);
    for (int i = 0; i < 8; i++)
        expect_each_once(&inner[i], TILES / 10);
    base_threads_stop();
}

static void *many_jobs(void *none) {
    (void)none;
    for (int i = 0; i < 200; i++) {
        tally t = {0};
        base_threads_run(50, count_tile, &t);
        expect_each_once(&t, 50);
    }
    return NULL;
}

Test(threads, two_threads_may_run_jobs_at_once) {
    base_error error = {0};
    pthread_t other;
    cr_assert(base_threads_start(3, &error));
    cr_assert_eq(pthread_create(&other, NULL, many_jobs, NULL), 0);
    many_jobs(NULL);
    pthread_join(other, NULL);
    base_threads_stop();
}

static void count_range(void *context, size_t begin, size_t end) {
    tally *t = context;
    for (size_t i = begin; i < end; i++)
        count_tile(t, i);
}

Test(threads, ranges_cover_everything_once) {
    base_error error = {0};
    cr_assert(base_threads_start(2, &error));
    for (size_t n = 0; n < 300; n += 7)
        for (size_t grain = 0; grain < 20; grain += 3) {
            tally t = {0};
            base_threads_range(n, grain, count_range, &t);
            expect_each_once(&t, n);
        }
    base_threads_stop();
}

static size_t cpus_of_the_caller(void) {
    cpu_set_t mask;
    cr_assert_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    return (size_t)CPU_COUNT(&mask);
}

Test(threads, the_caller_is_pinned_on_demand_only_and_gets_its_cpus_back) {
    base_error error = {0};
    size_t cpus = cpus_of_the_caller();
    cr_assert(base_threads_start(cpus, &error));
    cr_expect_eq(cpus_of_the_caller(), cpus);
    cr_expect(base_threads_pin());
    cr_expect_eq(cpus_of_the_caller(), 1);
    cr_expect(base_threads_pin(), "a second time changes nothing");
    cr_expect_eq(base_threads_allowed(), cpus);
    cr_assert(base_threads_start(cpus + 1, &error));
    cr_expect_eq(cpus_of_the_caller(), cpus);
    cr_expect_not(base_threads_pin(), "more threads than CPUs");
    cr_expect_eq(cpus_of_the_caller(), cpus);
    base_threads_stop();
}
