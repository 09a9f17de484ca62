#include "search/pairs.h"

#include "base/memory.h"
#include "base/threads.h"
#include "search/topk.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* SPARE and a part more than asked for are kept, as in topk.c: the more pairs, the more of them
 * have nearly one score. GROUP_HITS: of the rows whose nearest are sought at once. */
enum { SPARE = 32, SPARE_PART = 256, PAIRS_A_TILE = 256, GROUP_HITS = 1 << 20 };

typedef struct mining {
    const search_vectors *v;
    const search_pair_options *options;
    double bar;         /* scores in float below it are not kept */
    search_heap *heaps; /* [threads] */
    size_t threads;
    float *rows; /* [threads][2 width], for scores in double */
} mining;

size_t search_pair_count(size_t rows) {
    size_t pairs;
    return base_size_mul(rows % 2 ? rows : rows - 1, rows / 2, &pairs) ? pairs : SIZE_MAX;
}

/* Length of the longest row. */
static bool find_longest(const search_vectors *v, double *longest, base_error *error) {
    float *row = base_alloc(v->width, sizeof *row, error);
    double most = 0;
    for (size_t i = 0; row && i < v->count; i++) {
        search_vectors_row(v, i, row);
        most = fmax(most, search_similarity(SEARCH_DOT, row, row, v->width));
    }
    *longest = sqrt(most);
    free(row);
    return row != NULL;
}

/* Scores in float below it are below the threshold in double, too: a product's rounding grows with
 * the lengths of the rows, and a distance near 0 is the root of one. */
static bool find_bar(mining *m, base_error *error) {
    double longest = 1;
    m->bar = m->options->threshold;
    if (isinf(m->bar))
        return true;
    if (m->options->kind != SEARCH_COSINE && !find_longest(m->v, &longest, error))
        return false;
    m->bar -= SEARCH_ROUNDING * (m->options->kind == SEARCH_COSINE ? 1
                                 : m->options->kind == SEARCH_DOT  ? longest * longest
                                                                   : 4 * longest);
    return true;
}

static bool check_memory(const search_heap *heap, base_error *error) {
    return !heap->failed ||
           base_fail(error, BASE_FAILED, "out of memory for more than %zu pairs", heap->count);
}

/* ---- all pairs ---- */

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
        pair->score = search_similarity(m->options->kind, a, b, width);
    }
}

/* All heaps into the first one. */
static bool merge(mining *m, base_error *error) {
    bool ok = check_memory(&m->heaps[0], error);
    for (size_t t = 1; ok && t < m->threads; t++) {
        ok = check_memory(&m->heaps[t], error);
        for (size_t i = 0; ok && i < m->heaps[t].count; i++)
            search_heap_add(&m->heaps[0], m->heaps[t].items[i]);
        free(m->heaps[t].items);
        m->heaps[t] = (search_heap){0};
    }
    return ok && check_memory(&m->heaps[0], error);
}

static bool find_all(mining *m, const base_progress *progress, base_error *error) {
    size_t all = search_pair_count(m->v->count), most = m->options->most, numbers;
    search_scores scores = {.a = m->v,
                            .b = m->v,
                            .end_a = m->v->count,
                            .kind = m->options->kind,
                            .upper = true,
                            .take = take,
                            .context = m};
    size_t spare = SPARE + most / SPARE_PART;
    most = most < all && all - most > spare ? most + spare : all;
    for (size_t t = 0; t < m->threads; t++)
        m->heaps[t] = (search_heap){.capacity = most, .grows = true};
    if (!base_size_mul(m->threads, 2 * m->v->width, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "%zu columns are too many", m->v->width);
    m->rows = base_alloc(numbers, sizeof *m->rows, error);
    if (!m->rows || !search_scores_run(&scores, progress, error) || !merge(m, error))
        return false;
    base_threads_range(m->heaps[0].count, PAIRS_A_TILE, score_pairs, m);
    return true;
}

/* ---- pairs among each row's nearest ---- */

/* What is among the nearest of row a; `last[a]` becomes the last of them. A row b before a has been
 * here: when it names a, the pair is there already. */
static void add_nearest(mining *m, size_t a, const search_hit *hits, size_t count,
                        search_item *last) {
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < m->options->top_k; i++) {
        size_t b = hits[i].row;
        search_item from_b = {hits[i].score, 0, a};
        if (b == a)
            continue;
        kept++;
        last[a] = (search_item){hits[i].score, 0, b};
        if (hits[i].score < m->options->threshold)
            continue;
        if (b > a)
            search_heap_add(&m->heaps[0], (search_item){hits[i].score, a, b});
        else if (search_before(&last[b], &from_b))
            search_heap_add(&m->heaps[0], (search_item){hits[i].score, b, a});
    }
}

static bool find_nearest(mining *m, const base_progress *progress, base_error *error) {
    size_t n = m->v->count, k = m->options->top_k < n - 1 ? m->options->top_k + 1 : n;
    size_t group = GROUP_HITS / k < 1 ? 1 : GROUP_HITS / k < n ? GROUP_HITS / k : n;
    search_item *last = base_alloc(n, sizeof *last, error);
    search_hit *hits = base_alloc_rows(group, k, sizeof *hits, error);
    bool ok = last && hits;
    m->heaps[0] = (search_heap){.capacity = m->options->most, .grows = true};
    for (size_t first = 0; ok && first < n; first += group) {
        search_vectors part =
            search_vectors_part(m->v, first, n - first < group ? n - first : group);
        base_part_progress whole = {progress, first, n};
        base_progress of_part = base_progress_of_part(&whole);
        ok = search_topk(&part, m->v, m->options->kind, k, hits, &of_part, error);
        for (size_t i = 0; ok && i < part.count; i++)
            add_nearest(m, first + i, hits + i * k, k, last);
        ok = ok && check_memory(&m->heaps[0], error);
    }
    free(last);
    free(hits);
    return ok;
}

/* ---- both ---- */

/* Sorted, above the threshold, no more than asked for. */
static size_t cut(const mining *m) {
    const search_heap *heap = &m->heaps[0];
    size_t count = 0;
    search_sort(heap->items, heap->count);
    while (count < heap->count && count < m->options->most &&
           heap->items[count].score >= m->options->threshold)
        count++;
    return count;
}

bool search_pairs(const search_vectors *v, const search_pair_options *options, search_item **pairs,
                  size_t *count, const base_progress *progress, base_error *error) {
    *pairs = NULL;
    *count = 0;
    if (v->count < 2)
        return base_fail(error, BASE_BAD_INPUT, "%s has %zu rows, expected at least 2", v->name,
                         v->count);
    mining m = {.v = v, .options = options, .threads = base_threads_count()};
    m.heaps = base_alloc(m.threads, sizeof *m.heaps, error);
    bool ok = m.heaps && find_bar(&m, error) &&
              (options->top_k ? find_nearest : find_all)(&m, progress, error);
    if (ok) {
        *count = cut(&m);
        *pairs = m.heaps[0].items;
        m.heaps[0].items = NULL;
    }
    for (size_t i = 0; m.heaps && i < m.threads; i++)
        free(m.heaps[i].items);
    free(m.heaps);
    free(m.rows);
    return ok;
}
