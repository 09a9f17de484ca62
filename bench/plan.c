/* Planned efficiency: how evenly the products of a training step are cut, from the grid alone. */
#include "autograd/kernels/gemm.h"
#include "bench/bench.h"

#include <stdio.h>

enum { LENGTHS = 11, SHORTEST_PAIR = 25, MOST_THREADS = 32 };

static const size_t threads[] = {2, 4, 8, 16, 32};
enum { THREADS = sizeof threads / sizeof *threads };

/* Multiplications of all threads, and of the fullest one times the threads. */
typedef struct work {
    double mean, fullest;
} work;

/* The tiles of `count` like products in order, each to the thread that has least to do. */
static void add_products(work *w, const gemm_job *jobs, size_t count, size_t among) {
    double load[MOST_THREADS] = {0}, all = 0, fullest = 0;
    for (size_t j = 0; j < count; j++) {
        gemm_grid g = gemm_plan(&jobs[j], count, gemm_aim_for(among));
        for (size_t i = 0; i < g.row_parts * g.column_parts; i++) {
            gemm_job tile = gemm_tile(&jobs[j], g, i);
            size_t least = 0;
            for (size_t t = 1; t < among; t++)
                least = load[t] < load[least] ? t : least;
            load[least] += (double)tile.m * (double)tile.n * (double)tile.k;
        }
    }
    for (size_t t = 0; t < among; t++) {
        all += load[t];
        fullest = load[t] > fullest ? load[t] : fullest;
    }
    w->mean += all;
    w->fullest += fullest * (double)among;
}

/* y[t,o] = x[t,i] w[o,i]^T, then dX and dW at once. */
static void add_linear(work *w, size_t t, size_t i, size_t o, size_t among) {
    gemm_job y = {.m = t, .n = o, .k = i};
    gemm_job back[] = {{.m = t, .n = i, .k = o}, {.m = o, .n = i, .k = t}};
    add_products(w, &y, 1, among);
    add_products(w, back, 2, among);
}

/* One layer stands for all; batches of pairs of 25 to 35 tokens. */
static double efficiency(size_t hidden, size_t intermediate, size_t batch, size_t among) {
    work w = {0};
    for (size_t i = 0; i < LENGTHS; i++) {
        size_t tokens = batch * (SHORTEST_PAIR + i) + i;
        add_linear(&w, tokens, hidden, 3 * hidden, among);
        add_linear(&w, tokens, hidden, hidden, among);
        add_linear(&w, tokens, hidden, intermediate, among);
        add_linear(&w, tokens, intermediate, hidden, among);
    }
    return w.mean / w.fullest;
}

bool bench_plan(bench *b, const bench_case *c, cJSON *result, base_error *error) {
    (void)b, (void)error;
    static const struct {
        const char *name;
        size_t hidden, intermediate, batch;
    } steps[] = {
        {"MiniLM, batch 16", 384, 1536, 16},
        {"MiniLM, batch 64", 384, 1536, 64},
        {"base, batch 16", 768, 3072, 16},
    };
    printf("%-16s %-24s", c->name, "% at threads:");
    for (size_t t = 0; t < THREADS; t++)
        printf("  %5zu", threads[t]);
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        cJSON *row = cJSON_AddArrayToObject(result, steps[s].name);
        printf("\n%-16s %-24s", "", steps[s].name);
        for (size_t t = 0; t < THREADS; t++) {
            double part =
                efficiency(steps[s].hidden, steps[s].intermediate, steps[s].batch, threads[t]);
            cJSON_AddItemToArray(row, cJSON_CreateNumber(part));
            printf("  %5.1f", 100 * part);
        }
    }
    printf("  (core %s, grid %s)\n", gemm_describe().core,
           gemm_any_grid() ? "follows the threads" : "by shapes");
    return true;
}
