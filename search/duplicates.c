#include "search/duplicates.h"

#include "base/memory.h"
#include "base/threads.h"
#include "search/heap.h"

#include <math.h>
#include <stdlib.h>

/* Rows that are scored at once against all before them; whole tiles, so that a tile holds columns
 * of the block or columns before it. */
enum { BLOCK = SEARCH_TILE_COLUMNS };

typedef struct dedup {
    const search_vectors *v;
    double threshold;
    search_hit *of;
    size_t begin, end;    /* the block */
    search_item *nearest; /* [threads][BLOCK]: the most similar kept row before the block */
    real *within;         /* [BLOCK][BLOCK]: scores inside the block */
    float *rows;          /* [threads][2 width] */
    const base_progress *progress;
} dedup;

/* Row b for row a: their cosine in double, when the score in float does not rule it out. */
static void offer(const dedup *d, size_t a, size_t b, real score, search_item *nearest) {
    if ((double)score < d->threshold - SEARCH_ROUNDING || d->of[b].row != b)
        return;
    size_t width = d->v->width;
    float *u = d->rows + 2 * width * base_threads_self(), *v = u + width;
    search_vectors_row(d->v, a, u);
    search_vectors_row(d->v, b, v);
    search_item item = {search_similarity(SEARCH_COSINE, u, v, width), a, b};
    if (item.score >= d->threshold && search_before(&item, nearest))
        *nearest = item;
}

static void take(void *context, size_t thread, const search_tile *tile) {
    dedup *d = context;
    for (size_t r = 0; r < tile->rows; r++) {
        size_t a = tile->first_a + r;
        const real *scores = tile->scores + r * SEARCH_TILE_COLUMNS;
        if (tile->first_b >= d->begin)
            for (size_t c = 0; c < tile->columns; c++)
                d->within[(a - d->begin) * BLOCK + c] = scores[c];
        else
            for (size_t c = 0; c < tile->columns; c++)
                offer(d, a, tile->first_b + c, scores[c],
                      &d->nearest[thread * BLOCK + a - d->begin]);
    }
}

/* One row after the other, for whether it is kept depends on those before it. */
static void decide(dedup *d) {
    size_t threads = base_threads_count();
    for (size_t a = d->begin; a < d->end; a++) {
        search_item nearest = {-HUGE_VAL, a, a};
        for (size_t t = 0; t < threads; t++) {
            const search_item *item = &d->nearest[t * BLOCK + a - d->begin];
            if (item->score >= d->threshold && search_before(item, &nearest))
                nearest = *item;
        }
        for (size_t b = d->begin; b < a; b++)
            offer(d, a, b, d->within[(a - d->begin) * BLOCK + b - d->begin], &nearest);
        d->of[a] = (search_hit){nearest.b, nearest.b == a ? 1 : nearest.score};
    }
}

static bool run_block(dedup *d, base_error *error) {
    search_vectors before = *d->v;
    before.count = d->end;
    search_scores scores = {.a = d->v,
                            .b = &before,
                            .begin_a = d->begin,
                            .end_a = d->end,
                            .kind = SEARCH_COSINE,
                            .take = take,
                            .context = d};
    base_part_progress whole = {d->progress, d->begin, d->v->count};
    base_progress of_block = base_progress_of_part(&whole);
    for (size_t i = 0; i < base_threads_count() * BLOCK; i++)
        d->nearest[i] = (search_item){-HUGE_VAL, 0, 0};
    if (!search_scores_run(&scores, &of_block, error))
        return false;
    decide(d);
    return true;
}

bool search_duplicates(const search_vectors *v, double threshold, search_hit *of,
                       const base_progress *progress, base_error *error) {
    size_t threads = base_threads_count(), numbers;
    if (!base_size_mul(2 * threads, v->width, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "%zu columns are too many", v->width);
    dedup d = {.v = v, .threshold = threshold, .of = of, .progress = progress};
    d.nearest = base_alloc(threads * BLOCK, sizeof *d.nearest, error);
    d.within = base_alloc((size_t)BLOCK * BLOCK, sizeof *d.within, error);
    d.rows = base_alloc(numbers, sizeof *d.rows, error);
    bool ok = base_ok(error);
    for (; ok && d.begin < v->count; d.begin += BLOCK) {
        d.end = v->count - d.begin < BLOCK ? v->count : d.begin + BLOCK;
        ok = run_block(&d, error);
    }
    free(d.nearest);
    free(d.within);
    free(d.rows);
    return ok;
}
