/* What the machine's GEMM can do at most on the shapes of a training step: one-thread streams side
 * by side, nothing shared, nothing else done. */
#include "autograd/kernels/gemm.h"
#include "autograd/runtime.h"
#include "base/cpu.h"
#include "base/threads.h"
#include "bench/bench.h"

#include <stdlib.h>

enum { LINEARS = 4, SHAPES = 3 * LINEARS, SECONDS = 1 };

typedef struct streams {
    gemm_job shape[SHAPES];
    size_t rounds;
    real **a, **b, **c; /* a buffer a stream */
} streams;

/* Forward, dX and dW of y[t,o] = x[t,i] w[o,i]^T. */
static void add_linear(gemm_job *at, size_t t, size_t i, size_t o) {
    gemm_operand x = {.stride = i}, w = {.stride = i}, dy = {.stride = o};
    gemm_operand w_transposed = {.stride = i, .transposed = true};
    gemm_operand dy_transposed = {.stride = o, .transposed = true};
    at[0] = (gemm_job){.m = t, .n = o, .k = i, .a = x, .b = w_transposed, .c_stride = o};
    at[1] = (gemm_job){.m = t, .n = i, .k = o, .a = dy, .b = w, .c_stride = i};
    at[2] = (gemm_job){.m = o, .n = i, .k = t, .a = dy_transposed, .b = x, .c_stride = i};
    for (int s = 0; s < 3; s++)
        at[s].alpha = 1;
}

static void run_stream(void *context, size_t tile) {
    const streams *s = context;
    for (size_t r = 0; r < s->rounds; r++)
        for (size_t i = 0; i < SHAPES; i++) {
            gemm_job j = s->shape[i];
            j.a.values = s->a[tile];
            j.b.values = s->b[tile];
            j.c = s->c[tile];
            gemm_serial(&j);
        }
}

static double seconds_of(streams *s, size_t rounds, size_t threads) {
    s->rounds = rounds;
    double start = base_cpu_seconds();
    base_threads_run(threads, run_stream, s);
    return base_cpu_seconds() - start;
}

static double flops_of(const streams *s) {
    double flops = 0;
    for (size_t i = 0; i < SHAPES; i++)
        flops += 2.0 * (double)s->shape[i].m * (double)s->shape[i].n * (double)s->shape[i].k;
    return flops;
}

static real **buffers(size_t count, size_t elements, base_error *error) {
    real **all = base_alloc(count, sizeof *all, error);
    for (size_t i = 0; all && i < count; i++) {
        all[i] = base_alloc(elements, sizeof **all, error);
        for (size_t e = 0; all[i] && e < elements; e++)
            all[i][e] = REAL(0.5) - REAL((double)(e % 97) / 97);
    }
    return all;
}

static void buffers_free(real **all, size_t count) {
    for (size_t i = 0; all && i < count; i++)
        free(all[i]);
    free(all);
}

double bench_ceiling(const bench_model *m, size_t tokens, size_t threads, base_error *error) {
    size_t h = m->hidden, f = m->intermediate, widest = f > 3 * h ? f : 3 * h;
    size_t most = tokens > widest ? tokens : widest;
    streams s = {0};
    add_linear(s.shape, tokens, h, 3 * h);
    add_linear(s.shape + 3, tokens, h, h);
    add_linear(s.shape + 6, tokens, h, f);
    add_linear(s.shape + 9, tokens, f, h);
    s.a = buffers(threads, most * widest, error);
    s.b = buffers(threads, most * widest, error);
    s.c = buffers(threads, most * widest, error);
    double rate = 0;
    if (base_ok(error) && tape_runtime_start(threads, error)) {
        base_threads_pin();
        double once = seconds_of(&s, 1, threads);
        once = seconds_of(&s, 1, threads);
        size_t rounds = 1 + (size_t)(SECONDS / once);
        double seconds = seconds_of(&s, rounds, threads);
        rate = (double)(threads * rounds) * flops_of(&s) / seconds / 1e9;
        base_threads_stop();
    }
    buffers_free(s.a, threads);
    buffers_free(s.b, threads);
    buffers_free(s.c, threads);
    return rate;
}

double bench_model_flops(const bench_model *m, double tokens) {
    double h = (double)m->hidden, f = (double)m->intermediate;
    return 6 * (double)m->layers * (4 * h * h + 2 * h * f) * tokens;
}
