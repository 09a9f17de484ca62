#include "search/pairs.h"

#include "base/memory.h"
#include "base/threads.h"
#include "search/topk.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* As in topk.c. */
enum { SPARE = 32, PAIRS_A_TILE = 256 };

/* Above what a score in float may differ from its score in double, in parts of it. */
static const double ROUNDING = 1e-3;

typedef struct mining {
    const search_vectors *v;
    const search_pair_options *options;
    double bar;         /* scores in float below it are not kept */
    search_heap *heaps; /* [threads] */
    size_t threads;
    float *rows; /* [threads][2 width], for scores in double */
} mining;

static void take(void *context, size_t thread, const search_tile *tile) {
    mining *m = context;
    for (size_t r = 0; r < tile->rows; r++) {
        size_t a = tile->first_a + r, c = a < tile->first_b ? 0 : a + 1 - tile->first_b;
        if (c < tile->columns)
            search_heap_add_row(&m->heaps[thread], tile->scores + r * SEARCH_TILE_COLUMNS + c,
                                tile->columns - c, a, tile->first_b + c, m->bar);
    }
}

static void score_pairs(void *context, size_t begin, size_t end) {
    mining *m = context;
    size_t width = m->v->width;
    float *a = m->rows + 2 * width * base_threads_self(), *b = a + width;
    for (size_t i = begin; i < end; i++) {
        search_item *pair = &m->heaps[0].items[i];
        search_vectors_row(m->v, pair->a, a);
        search_vectors_row(m->v, pair->b, b);
        pair->score = eval_similarity(m->options->kind, a, b, width);
    }
}

static bool make_heaps(mining *m, size_t heaps, size_t capacity, base_error *error) {
    m->heaps = base_alloc(m->threads, sizeof *m->heaps, error);
    for (size_t i = 0; m->heaps && i < heaps; i++) {
        m->heaps[i].items = base_alloc(capacity, sizeof *m->heaps[i].items, error);
        m->heaps[i].capacity = capacity;
    }
    return base_ok(error);
}

/* Every pair, by tiles; into the first heap. */
static bool find_all(mining *m, size_t capacity, const base_progress *progress, base_error *error) {
    search_scores scores = {.a = m->v,
                            .b = m->v,
                            .end_a = m->v->count,
                            .kind = m->options->kind,
                            .upper = true,
                            .take = take,
                            .context = m};
    size_t numbers;
    if (!base_size_mul(m->threads, 2 * m->v->width, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "%zu columns are too many", m->v->width);
    m->rows = base_alloc(numbers, sizeof *m->rows, error);
    if (!m->rows || !make_heaps(m, m->threads, capacity, error) ||
        !search_scores_run(&scores, progress, error))
        return false;
    for (size_t t = 1; t < m->threads; t++)
        for (size_t i = 0; i < m->heaps[t].count; i++)
            search_heap_add(&m->heaps[0], m->heaps[t].items[i]);
    base_threads_range(m->heaps[0].count, PAIRS_A_TILE, score_pairs, m);
    return true;
}

/* Pairs among each row's top_k, by the smaller row first; a pair that both rows name stands there
 * twice. */
static bool find_nearest(mining *m, const base_progress *progress, base_error *error) {
    size_t n = m->v->count, k = m->options->top_k < n - 1 ? m->options->top_k + 1 : n, all;
    search_hit *hits = base_size_mul(n, k, &all) ? base_alloc(all, sizeof *hits, error) : NULL;
    bool ok = hits && make_heaps(m, 1, all, error) &&
              search_topk(m->v, m->v, m->options->kind, k, hits, progress, error);
    for (size_t a = 0; ok && a < n; a++) {
        size_t kept = 0;
        for (size_t i = 0; i < k && kept < m->options->top_k; i++) {
            search_hit hit = hits[a * k + i];
            if (hit.row == a)
                continue;
            kept++;
            search_heap_add(&m->heaps[0], a < hit.row ? (search_item){hit.score, a, hit.row}
                                                      : (search_item){hit.score, hit.row, a});
        }
    }
    free(hits);
    return ok;
}

/* Sorted, without doubles, above the threshold, no more than asked for. */
static size_t cut(const mining *m, search_heap *heap) {
    search_item *items = heap->items;
    size_t count = 0;
    search_sort(items, heap->count);
    for (size_t i = 0; i < heap->count && count < m->options->most; i++) {
        bool twice = count && items[count - 1].a == items[i].a && items[count - 1].b == items[i].b;
        if (!twice && items[i].score >= m->options->threshold)
            items[count++] = items[i];
    }
    return count;
}

/* Pairs of n rows, at most SIZE_MAX. */
static size_t pairs_of(size_t n) {
    size_t pairs;
    return base_size_mul(n % 2 ? n : n - 1, n / 2, &pairs) ? pairs : SIZE_MAX;
}

bool search_pairs(const search_vectors *v, const search_pair_options *options, search_item **pairs,
                  size_t *count, const base_progress *progress, base_error *error) {
    *pairs = NULL;
    *count = 0;
    if (v->count < 2)
        return base_fail(error, BASE_BAD_INPUT, "%s has %zu rows, expected at least 2", v->name,
                         v->count);
    mining m = {.v = v, .options = options, .threads = base_threads_count()};
    size_t all = pairs_of(v->count), most = options->most;
    most = most < all && all - most > SPARE ? most + SPARE : all;
    m.bar = options->threshold - ROUNDING * fmax(1, fabs(options->threshold));
    bool ok =
        options->top_k ? find_nearest(&m, progress, error) : find_all(&m, most, progress, error);
    if (ok) {
        *count = cut(&m, &m.heaps[0]);
        *pairs = m.heaps[0].items;
        m.heaps[0].items = NULL;
    }
    for (size_t i = 0; m.heaps && i < m.threads; i++)
        free(m.heaps[i].items);
    free(m.heaps);
    free(m.rows);
    return ok;
}
