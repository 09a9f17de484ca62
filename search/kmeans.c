#include "search/kmeans.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "search/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows that are compared with the centroids at once; rows a tile of the loops over rows. */
enum { GROUP = 64 * SEARCH_TILE_ROWS, ROWS_A_TILE = 256, MOST_CANDIDATES = 32 };

static const double ENOUGH = 1e-6;

/* A row's nearest centroid so far: the largest of s - |c|^2 / 2, s the product of both. */
typedef struct nearest {
    double score;
    size_t label;
} nearest;

typedef struct kmeans {
    const search_vectors *v;
    const search_kmeans_options *options;
    const base_progress *progress;
    base_error *error;
    size_t threads, compared;
    double *square; /* [count]: |x|^2, 1 of rows that are taken at length 1 */

    float *centroid;  /* [k][width] */
    double *half;     /* [k]: |c|^2 / 2 */
    nearest *best;    /* [threads][GROUP] */
    size_t first;     /* the group's first row */
    size_t *label;    /* [count] */
    double *distance; /* [count]: square of the distance to its centroid */
    bool changed;

    /* k-means++ */
    float *candidate; /* [MOST_CANDIDATES][width] */
    double candidate_square[MOST_CANDIDATES];
    double *to_candidate; /* [count][MOST_CANDIDATES] */
    size_t candidates;

    size_t *begin, *order; /* [k + 1], [count]: rows by label */
    float *row;            /* [threads][width] */
    double *sum;           /* [threads][width] */
} kmeans;

static search_similarity_kind kind_of(const kmeans *m) {
    return m->options->spherical ? SEARCH_COSINE : SEARCH_DOT;
}

/* Scores of rows begin .. end against `count` rows of `b`. */
static bool compare(kmeans *m, size_t begin, size_t end, const float *b, size_t count,
                    void (*take)(void *, size_t, const search_tile *)) {
    search_vectors with = search_vectors_of("centroids", b, count, m->v->width);
    search_scores scores = {.a = m->v,
                            .b = &with,
                            .begin_a = begin,
                            .end_a = end,
                            .kind = kind_of(m),
                            .take = take,
                            .context = m};
    base_part_progress whole = {m->progress, m->compared, 0};
    base_progress of_rows = base_progress_of_part(&whole);
    m->compared += end - begin;
    return search_scores_run(&scores, &of_rows, m->error);
}

/* Row x at the length it is taken at, into the thread's row. */
static float *load(const kmeans *m, size_t x) {
    float *row = m->row + base_threads_self() * m->v->width;
    search_vectors_row(m->v, x, row);
    if (m->options->spherical) {
        double square = search_similarity(SEARCH_DOT, row, row, m->v->width);
        for (size_t c = 0; square > 0 && c < m->v->width; c++)
            row[c] = (float)((double)row[c] / sqrt(square));
    }
    return row;
}

static void measure_rows(void *context, size_t begin, size_t end) {
    kmeans *m = context;
    for (size_t i = begin; i < end; i++) {
        const float *row = load(m, i);
        m->square[i] =
            m->options->spherical ? 1 : search_similarity(SEARCH_DOT, row, row, m->v->width);
    }
}

/* ---- the first centroids ---- */

static void take_candidates(void *context, size_t thread, const search_tile *tile) {
    kmeans *m = context;
    (void)thread;
    for (size_t r = 0; r < tile->rows; r++) {
        size_t x = tile->first_a + r;
        for (size_t c = 0; c < tile->columns; c++)
            m->to_candidate[x * m->candidates + c] = fmin(
                m->distance[x], fmax(0, m->square[x] + m->candidate_square[c] -
                                            2 * (double)tile->scores[r * SEARCH_TILE_COLUMNS + c]));
    }
}

/* A row by chance, in proportion to the squares of the distances, whose sum is `total`. */
static size_t draw(const kmeans *m, base_random *random, double total) {
    double at = base_random_uniform(random) * total;
    size_t last = m->v->count - 1;
    for (size_t i = 0; i < m->v->count; i++) {
        at -= m->distance[i];
        if (at < 0)
            return i;
        last = m->distance[i] > 0 ? i : last;
    }
    return total > 0 ? last : (size_t)base_random_below(random, m->v->count);
}

static bool try_candidates(kmeans *m, base_random *random, double total) {
    size_t width = m->v->width;
    for (size_t c = 0; c < m->candidates; c++) {
        size_t x = isfinite(total) ? draw(m, random, total)
                                   : (size_t)base_random_below(random, m->v->count);
        memcpy(m->candidate + c * width, load(m, x), width * sizeof *m->candidate);
        m->candidate_square[c] = m->square[x];
    }
    return compare(m, 0, m->v->count, m->candidate, m->candidates, take_candidates);
}

/* Takes the candidate that leaves the least inertia, as centroid g; returns that. */
static double keep_best(kmeans *m, size_t g) {
    size_t best = 0, width = m->v->width;
    double total[MOST_CANDIDATES] = {0};
    for (size_t i = 0; i < m->v->count; i++)
        for (size_t c = 0; c < m->candidates; c++)
            total[c] += m->to_candidate[i * m->candidates + c];
    for (size_t c = 1; c < m->candidates; c++)
        best = total[c] < total[best] ? c : best;
    for (size_t i = 0; i < m->v->count; i++)
        m->distance[i] = m->to_candidate[i * m->candidates + best];
    memcpy(m->centroid + g * width, m->candidate + best * width, width * sizeof *m->centroid);
    m->half[g] = m->candidate_square[best] / 2;
    return total[best];
}

static bool start(kmeans *m, base_random *random) {
    double total = HUGE_VAL;
    size_t more = 2 + (size_t)log((double)m->options->k);
    for (size_t i = 0; i < m->v->count; i++)
        m->distance[i] = HUGE_VAL;
    for (size_t g = 0; g < m->options->k; g++) {
        m->candidates = g == 0 ? 1 : more;
        if (!try_candidates(m, random, total))
            return false;
        total = keep_best(m, g);
    }
    return true;
}

/* ---- rows to centroids ---- */

static void take_nearest(void *context, size_t thread, const search_tile *tile) {
    kmeans *m = context;
    for (size_t r = 0; r < tile->rows; r++) {
        nearest *best = &m->best[thread * GROUP + tile->first_a + r - m->first];
        for (size_t c = 0; c < tile->columns; c++) {
            size_t g = tile->first_b + c;
            double score = (double)tile->scores[r * SEARCH_TILE_COLUMNS + c] - m->half[g];
            if (score > best->score || (score == best->score && g < best->label))
                *best = (nearest){score, g};
        }
    }
}

static double square_distance(const float *row, const float *centroid, size_t width) {
    double square = 0;
    for (size_t c = 0; c < width; c++) {
        double difference = (double)row[c] - (double)centroid[c];
        square += difference * difference;
    }
    return square;
}

static void measure_distances(void *context, size_t begin, size_t end) {
    kmeans *m = context;
    size_t width = m->v->width;
    for (size_t i = begin; i < end; i++)
        m->distance[i] = square_distance(load(m, i), m->centroid + m->label[i] * width, width);
}

static bool assign_group(kmeans *m, size_t end) {
    for (size_t i = 0; i < m->threads * GROUP; i++)
        m->best[i] = (nearest){-HUGE_VAL, 0};
    if (!compare(m, m->first, end, m->centroid, m->options->k, take_nearest))
        return false;
    for (size_t x = m->first; x < end; x++) {
        nearest best = m->best[x - m->first];
        for (size_t t = 1; t < m->threads; t++) {
            const nearest *other = &m->best[t * GROUP + x - m->first];
            if (other->score > best.score ||
                (other->score == best.score && other->label < best.label))
                best = *other;
        }
        m->changed = m->changed || m->label[x] != best.label;
        m->label[x] = best.label;
    }
    return true;
}

/* Labels, distances, and the inertia. */
static bool assign(kmeans *m, double *inertia) {
    m->changed = false;
    for (m->first = 0; m->first < m->v->count; m->first += GROUP) {
        size_t left = m->v->count - m->first;
        if (!assign_group(m, m->first + (left < GROUP ? left : GROUP)))
            return false;
    }
    base_threads_range(m->v->count, ROWS_A_TILE, measure_distances, m);
    *inertia = 0;
    for (size_t i = 0; i < m->v->count; i++)
        *inertia += m->distance[i];
    return true;
}

/* ---- centroids to the means of their rows ---- */

static void put_centroid(kmeans *m, size_t g, const double *sum, double scale) {
    float *centroid = m->centroid + g * m->v->width;
    for (size_t c = 0; c < m->v->width; c++)
        centroid[c] = (float)(sum[c] * scale);
    m->half[g] = search_similarity(SEARCH_DOT, centroid, centroid, m->v->width) / 2;
}

static void average(void *context, size_t g) {
    kmeans *m = context;
    size_t width = m->v->width, begin = m->begin[g], end = m->begin[g + 1];
    double *sum = m->sum + base_threads_self() * width, square = 0;
    memset(sum, 0, width * sizeof *sum);
    for (size_t i = begin; i < end; i++) {
        const float *row = load(m, m->order[i]);
        for (size_t c = 0; c < width; c++)
            sum[c] += (double)row[c];
    }
    for (size_t c = 0; c < width; c++)
        square += sum[c] * sum[c];
    double length = m->options->spherical ? sqrt(square) : (double)(end - begin);
    if (begin < end && length > 0)
        put_centroid(m, g, sum, 1 / length);
}

/* Centroids without rows, each to the row that is farthest from its own. */
static void fill_empty(kmeans *m) {
    size_t width = m->v->width;
    for (size_t g = 0; g < m->options->k; g++) {
        size_t farthest = 0;
        if (m->begin[g] < m->begin[g + 1])
            continue;
        for (size_t i = 1; i < m->v->count; i++)
            farthest = m->distance[i] > m->distance[farthest] ? i : farthest;
        m->distance[farthest] = 0;
        memcpy(m->centroid + g * width, load(m, farthest), width * sizeof *m->centroid);
        m->half[g] = m->square[farthest] / 2;
    }
}

/* ---- runs ---- */

static bool run_once(kmeans *m, base_random *random, double *inertia, size_t *iterations) {
    if (!start(m, random) || !assign(m, inertia))
        return false;
    double before = HUGE_VAL;
    m->changed = true;
    for (*iterations = 1; *iterations < m->options->iterations && m->changed &&
                          before - *inertia > ENOUGH * *inertia;
         ++*iterations) {
        before = *inertia;
        search_sort_labels(m->label, m->v->count, m->options->k, m->begin, m->order);
        base_threads_run(m->options->k, average, m);
        fill_empty(m);
        if (!assign(m, inertia))
            return false;
    }
    return true;
}

static bool run_all(kmeans *m, search_kmeans *result) {
    result->inertia = HUGE_VAL;
    for (size_t i = 0; i < m->options->restarts; i++) {
        base_random random = base_random_stream(base_random_mix(m->options->seed, i), "k-means");
        double inertia;
        size_t iterations;
        if (!run_once(m, &random, &inertia, &iterations))
            return false;
        if (i == 0 || inertia < result->inertia) {
            memcpy(result->label, m->label, m->v->count * sizeof *m->label);
            result->inertia = inertia;
            result->iterations = iterations;
        }
    }
    return true;
}

static bool new_memory(kmeans *m) {
    size_t n = m->v->count, k = m->options->k, width = m->v->width;
    base_error *e = m->error;
    m->square = base_alloc(n, sizeof *m->square, e);
    m->centroid = base_alloc_rows(k, width, sizeof *m->centroid, e);
    m->half = base_alloc(k, sizeof *m->half, e);
    m->best = base_alloc(m->threads * GROUP, sizeof *m->best, e);
    m->label = base_alloc(n, sizeof *m->label, e);
    m->distance = base_alloc(n, sizeof *m->distance, e);
    m->candidate = base_alloc_rows(MOST_CANDIDATES, width, sizeof *m->candidate, e);
    m->to_candidate = base_alloc_rows(n, 2 + (size_t)log((double)k), sizeof *m->to_candidate, e);
    m->begin = base_alloc(k + 1, sizeof *m->begin, e);
    m->order = base_alloc(n, sizeof *m->order, e);
    m->row = base_alloc_rows(m->threads, width, sizeof *m->row, e);
    m->sum = base_alloc_rows(m->threads, width, sizeof *m->sum, e);
    return base_ok(e);
}

static void free_memory(kmeans *m) {
    void *const all[] = {m->square,    m->centroid,     m->half,  m->best,  m->label, m->distance,
                         m->candidate, m->to_candidate, m->begin, m->order, m->row,   m->sum};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

bool search_kmeans_run(search_kmeans *result, const search_vectors *v,
                       const search_kmeans_options *options, const base_progress *progress,
                       base_error *error) {
    *result = (search_kmeans){0};
    if (options->k < 1 || options->k > v->count)
        return base_fail(error, BASE_BAD_INPUT, "k is %zu, expected 1 to %zu, the rows of %s",
                         options->k, v->count, v->name);
    kmeans m = {.v = v,
                .options = options,
                .progress = progress,
                .error = error,
                .threads = base_threads_count()};
    result->label = base_alloc(v->count, sizeof *result->label, error);
    bool ok = result->label && new_memory(&m);
    if (ok) {
        base_threads_range(v->count, ROWS_A_TILE, measure_rows, &m);
        ok = run_all(&m, result);
    }
    free_memory(&m);
    return ok;
}

void search_kmeans_free(search_kmeans *result) {
    free(result->label);
    *result = (search_kmeans){0};
}
