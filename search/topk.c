#include "search/topk.h"

#include "base/memory.h"
#include "base/threads.h"
#include "search/heap.h"

#include <math.h>
#include <stdlib.h>

/* SPARE more than k are kept, so that rounding of the products in float, which may order rows of
 * nearly one score otherwise than their scores in double, does not decide who is in. GROUP_ITEMS
 * are kept a thread at once. */
enum { SPARE = 32, GROUP_ITEMS = 1 << 19, MOST_QUERIES = 4096, QUERIES_A_TILE = 16 };

typedef struct topk {
    const search_vectors *queries, *corpus;
    search_similarity_kind kind;
    size_t k, keep, first, threads;
    search_heap *heaps; /* [threads][MOST_QUERIES or fewer] */
    size_t group;       /* queries at once */
    search_item *items; /* of the heaps */
    float *query, *row; /* [threads][width], for scores in double */
    search_hit *hits;
} topk;

static void take(void *context, size_t thread, const search_tile *tile) {
    topk *t = context;
    search_heap *heaps = t->heaps + thread * t->group + (tile->first_a - t->first);
    for (size_t r = 0; r < tile->rows; r++)
        search_heap_add_row(&heaps[r], tile->scores + r * SEARCH_TILE_COLUMNS, tile->columns, 0,
                            tile->first_b, -HUGE_VAL);
}

/* All threads' heaps of a query into the first one, scored anew, and the k best given away. */
static void finish_query(topk *t, size_t query) {
    size_t width = t->corpus->width, self = base_threads_self();
    float *q = t->query + self * width, *row = t->row + self * width;
    search_heap *all = &t->heaps[query];
    for (size_t thread = 1; thread < t->threads; thread++) {
        const search_heap *heap = &t->heaps[thread * t->group + query];
        for (size_t i = 0; i < heap->count; i++)
            search_heap_add(all, heap->items[i]);
    }
    search_vectors_row(t->queries, t->first + query, q);
    for (size_t i = 0; i < all->count; i++) {
        search_vectors_row(t->corpus, all->items[i].b, row);
        all->items[i].score = search_similarity(t->kind, q, row, width);
    }
    search_sort(all->items, all->count);
    for (size_t i = 0; i < t->k; i++)
        t->hits[(t->first + query) * t->k + i] = (search_hit){all->items[i].b, all->items[i].score};
}

static void finish_queries(void *context, size_t begin, size_t end) {
    for (size_t query = begin; query < end; query++)
        finish_query(context, query);
}

static bool run_group(topk *t, const base_progress *progress, base_error *error) {
    size_t left = t->queries->count - t->first, count = left < t->group ? left : t->group;
    for (size_t i = 0; i < t->threads * t->group; i++)
        t->heaps[i] = (search_heap){.items = t->items + i * t->keep, .capacity = t->keep};
    search_scores scores = {.a = t->queries,
                            .b = t->corpus,
                            .begin_a = t->first,
                            .end_a = t->first + count,
                            .kind = t->kind,
                            .take = take,
                            .context = t};
    base_part_progress whole = {progress, t->first, t->queries->count};
    base_progress of_group = base_progress_of_part(&whole);
    if (!search_scores_run(&scores, &of_group, error))
        return false;
    base_threads_range(count, QUERIES_A_TILE, finish_queries, t);
    return true;
}

static bool new_memory(topk *t, base_error *error) {
    size_t heaps = t->threads * t->group, items, numbers;
    if (!base_size_mul(heaps, t->keep, &items) ||
        !base_size_mul(t->threads, t->corpus->width, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "k is %zu, more than memory can hold", t->k);
    t->heaps = base_alloc(heaps, sizeof *t->heaps, error);
    t->items = base_alloc(items, sizeof *t->items, error);
    t->query = base_alloc(numbers, sizeof *t->query, error);
    t->row = base_alloc(numbers, sizeof *t->row, error);
    return base_ok(error);
}

bool search_topk(const search_vectors *queries, const search_vectors *corpus,
                 search_similarity_kind kind, size_t k, search_hit *hits,
                 const base_progress *progress, base_error *error) {
    if (k < 1 || k > corpus->count)
        return base_fail(error, BASE_BAD_INPUT, "k is %zu, expected 1 to %zu, the rows of %s", k,
                         corpus->count, corpus->name);
    topk t = {.queries = queries,
              .corpus = corpus,
              .kind = kind,
              .k = k,
              .keep = corpus->count - k < SPARE ? corpus->count : k + SPARE,
              .threads = base_threads_count(),
              .hits = hits};
    t.group = GROUP_ITEMS / t.keep < MOST_QUERIES ? GROUP_ITEMS / t.keep : MOST_QUERIES;
    t.group = t.group < 1 ? 1 : t.group < queries->count ? t.group : queries->count;
    bool ok = new_memory(&t, error);
    for (; ok && t.first < queries->count; t.first += t.group)
        ok = run_group(&t, progress, error);
    free(t.heaps);
    free(t.items);
    free(t.query);
    free(t.row);
    return ok;
}
