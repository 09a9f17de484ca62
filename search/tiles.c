#include "search/tiles.h"

#include "autograd/kernels/gemm.h"
#include "autograd/kernels/kernel.h"
#include "base/memory.h"
#include "base/threads.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

/* Tiles between two reports of progress, a thread. */
enum { ROUND = 16 };

/* Of the lengths whose products, and the inverses of them, are finite in float. */
static const double LONGEST = 1e18, SHORTEST = 1e-18;

/* A thread's own. */
typedef struct worker {
    real *scores, *a, *b;        /* a tile; converted rows of both sides */
    double *length_a, *length_b; /* squares of the rows' lengths */
} worker;

typedef struct job {
    const search_scores *s;
    const kernel_table *kernels;
    worker *workers;
    size_t tiles_a, first_tile;
    pthread_mutex_t lock; /* guards *error */
    base_error *error;
} job;

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t tiles_of(size_t n, size_t size) {
    return n / size + (n % size != 0);
}

static bool new_worker(worker *w, const search_scores *s, base_error *error) {
    size_t width = s->a->width;
    w->scores = base_alloc_rows(SEARCH_TILE_ROWS, SEARCH_TILE_COLUMNS, sizeof(real), error);
    w->length_a = base_alloc(SEARCH_TILE_ROWS, sizeof *w->length_a, error);
    w->length_b = base_alloc(SEARCH_TILE_COLUMNS, sizeof *w->length_b, error);
    if (search_vectors_convert(s->a))
        w->a = base_alloc_rows(SEARCH_TILE_ROWS, width, sizeof(real), error);
    if (search_vectors_convert(s->b))
        w->b = base_alloc_rows(SEARCH_TILE_COLUMNS, width, sizeof(real), error);
    return base_ok(error);
}

static void free_worker(worker *w) {
    free(w->scores);
    free(w->a);
    free(w->b);
    free(w->length_a);
    free(w->length_b);
}

/* Square of a row's length. A distance is a small difference of squares, so they are summed in
 * double then; else in double where float might not do. */
static double square_of(const job *j, const real *row, size_t width) {
    double square = (double)j->kernels->dot(width, row, row);
    bool exact = j->s->kind == SEARCH_EUCLIDEAN || !(square > 1e-30 && square < LONGEST * LONGEST);
    return exact ? j->kernels->sum_squares(width, row) : square;
}

/* Whether scores of a row of this square of its length can be computed. */
static bool in_range(const job *j, double square) {
    bool divides = j->s->kind == SEARCH_COSINE && square > 0;
    return square <= LONGEST * LONGEST && (!divides || square >= SHORTEST * SHORTEST);
}

static bool measure(job *j, const search_vectors *v, const real *rows, size_t first, size_t count,
                    double *squares) {
    for (size_t i = 0; i < count; i++) {
        squares[i] = square_of(j, rows + i * v->width, v->width);
        if (in_range(j, squares[i]))
            continue;
        pthread_mutex_lock(&j->lock);
        base_fail(j->error, BASE_BAD_INPUT,
                  "%s: the vector of row %zu has the length %g, expected finite numbers and a "
                  "length of at most %g (for a cosine 0, or at least %g)",
                  v->name, v->first + first + i + 1, sqrt(squares[i]), LONGEST, SHORTEST);
        pthread_mutex_unlock(&j->lock);
        return false;
    }
    return true;
}

/* Products to cosines: 0 for a vector of length 0. */
static void to_cosine(real *row, size_t n, double square, const real *inverse) {
    real own = REAL(square > 0 ? 1 / sqrt(square) : 0);
    for (size_t c = 0; c < n; c++)
        row[c] *= own * inverse[c];
}

/* |a - b|^2 = a^2 + b^2 - 2 ab. */
static void to_distance(real *row, size_t n, double square, const double *squares) {
    for (size_t c = 0; c < n; c++)
        row[c] = REAL(-sqrt(fmax(square + squares[c] - 2 * (double)row[c], 0)));
}

static void finish(const job *j, worker *w, const search_tile *tile) {
    real inverse[SEARCH_TILE_COLUMNS];
    for (size_t c = 0; c < tile->columns; c++)
        inverse[c] = REAL(w->length_b[c] > 0 ? 1 / sqrt(w->length_b[c]) : 0);
    for (size_t r = 0; r < tile->rows; r++) {
        real *row = w->scores + r * SEARCH_TILE_COLUMNS;
        if (j->s->kind == SEARCH_COSINE)
            to_cosine(row, tile->columns, w->length_a[r], inverse);
        else if (j->s->kind == SEARCH_EUCLIDEAN)
            to_distance(row, tile->columns, w->length_a[r], w->length_b);
    }
}

static void make_tile(void *context, size_t number) {
    job *j = context;
    const search_scores *s = j->s;
    size_t at = j->first_tile + number, width = s->a->width, thread = base_threads_self();
    worker *w = &j->workers[thread];
    search_tile t = {.first_a = s->begin_a + at % j->tiles_a * SEARCH_TILE_ROWS,
                     .first_b = at / j->tiles_a * SEARCH_TILE_COLUMNS,
                     .scores = w->scores};
    t.rows = least(s->end_a - t.first_a, SEARCH_TILE_ROWS);
    t.columns = least(s->b->count - t.first_b, SEARCH_TILE_COLUMNS);
    if (s->upper && t.first_a >= t.first_b + t.columns)
        return;
    if (s->upper && t.first_a > t.first_b) { /* columns before the first row have no pair */
        t.columns -= t.first_a - t.first_b;
        t.first_b = t.first_a;
    }
    const real *a = search_vectors_rows(s->a, t.first_a, t.rows, w->a);
    const real *b = search_vectors_rows(s->b, t.first_b, t.columns, w->b);
    if (!measure(j, s->a, a, t.first_a, t.rows, w->length_a) ||
        !measure(j, s->b, b, t.first_b, t.columns, w->length_b))
        return;
    gemm_serial(&(gemm_job){.m = t.rows,
                            .n = t.columns,
                            .k = width,
                            .a = {.values = a, .stride = width},
                            .b = {.values = b, .stride = width, .transposed = true},
                            .alpha = 1,
                            .c = w->scores,
                            .c_stride = SEARCH_TILE_COLUMNS});
    finish(j, w, &t);
    s->take(s->context, thread, &t);
}

static bool run_rounds(job *j, const base_progress *progress) {
    const search_scores *s = j->s;
    size_t round = ROUND * base_threads_count(), rows = s->end_a - s->begin_a, tiles;
    if (!base_size_mul(j->tiles_a, tiles_of(s->b->count, SEARCH_TILE_COLUMNS), &tiles))
        return base_fail(j->error, BASE_BAD_INPUT, "%zu x %zu scores are too many", rows,
                         s->b->count);
    for (; j->first_tile < tiles && base_ok(j->error); j->first_tile += round) {
        double done = (double)rows * (double)j->first_tile / (double)tiles;
        if (!base_progress_report(progress, (size_t)done, rows, j->error))
            return false;
        base_threads_run(least(round, tiles - j->first_tile), make_tile, j);
    }
    return base_ok(j->error);
}

bool search_scores_run(const search_scores *s, const base_progress *progress, base_error *error) {
    if (s->a->width != s->b->width)
        return base_fail(error, BASE_BAD_INPUT, "%s has %zu columns, expected %zu as %s has",
                         s->a->name, s->a->width, s->b->width, s->b->name);
    if (s->kind >= SEARCH_MANHATTAN)
        return base_fail(error, BASE_BAD_INPUT,
                         "the similarity is Manhattan, expected cosine, dot or Euclidean");
    job j = {.s = s, .kernels = kernel_best(), .error = error};
    size_t threads = base_threads_count();
    j.tiles_a = tiles_of(s->end_a - s->begin_a, SEARCH_TILE_ROWS);
    j.workers = base_alloc(threads, sizeof *j.workers, error);
    bool ok = j.workers != NULL;
    for (size_t i = 0; ok && i < threads; i++)
        ok = new_worker(&j.workers[i], s, error);
    pthread_mutex_init(&j.lock, NULL);
    ok = ok && run_rounds(&j, progress);
    pthread_mutex_destroy(&j.lock);
    for (size_t i = 0; j.workers && i < threads; i++)
        free_worker(&j.workers[i]);
    free(j.workers);
    return ok;
}
