#include "search/bitext.h"

#include "base/memory.h"
#include "search/topk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double by_ratio(double similarity, double mean) {
    return mean > 0 ? similarity / mean : -HUGE_VAL;
}

static double by_distance(double similarity, double mean) {
    return similarity - mean;
}

static double by_none(double similarity, double mean) {
    (void)mean;
    return similarity;
}

static const struct margin {
    const char *name;
    double (*score)(double similarity, double mean);
} margins[SEARCH_MARGINS] = {
    [SEARCH_MARGIN_RATIO] = {"ratio", by_ratio},
    [SEARCH_MARGIN_DISTANCE] = {"distance", by_distance},
    [SEARCH_MARGIN_NONE] = {"none", by_none},
};

search_margin search_margin_find(const char *name) {
    search_margin margin = 0;
    while (margin < SEARCH_MARGINS && strcmp(margins[margin].name, name) != 0)
        margin++;
    return margin;
}

/* One of the two sets, and the nearest rows of the other. */
typedef struct side {
    const search_vectors *v;
    size_t k;
    search_hit *hits; /* [v->count][k] */
    double *mean;     /* [v->count], of the hits' similarities */
    bool *taken;      /* [v->count] */
} side;

static bool find_nearest(side *s, const search_vectors *others,
                         const search_bitext_options *options, const base_progress *progress,
                         base_error *error) {
    s->k = options->neighbours < others->count ? options->neighbours : others->count;
    s->hits = base_alloc_rows(s->v->count, s->k, sizeof *s->hits, error);
    s->mean = base_alloc(s->v->count, sizeof *s->mean, error);
    s->taken = base_alloc(s->v->count, sizeof *s->taken, error);
    if (!s->hits || !s->mean || !s->taken ||
        !search_topk(s->v, others, options->kind, s->k, s->hits, progress, error))
        return false;
    for (size_t row = 0; row < s->v->count; row++) {
        for (size_t i = 0; i < s->k; i++)
            s->mean[row] += s->hits[row * s->k + i].score;
        s->mean[row] /= (double)s->k;
    }
    return true;
}

static void free_side(side *s) {
    free(s->hits);
    free(s->mean);
    free(s->taken);
}

/* The best pair of each row of `from` into pairs[from->v->count]; `swap`: these are rows of b. */
static void add_candidates(const side *from, const side *to, search_margin margin, bool swap,
                           search_item *pairs) {
    for (size_t row = 0; row < from->v->count; row++)
        for (size_t i = 0; i < from->k; i++) {
            const search_hit *hit = &from->hits[row * from->k + i];
            double mean = (from->mean[row] + to->mean[hit->row]) / 2;
            search_item pair = {margins[margin].score(hit->score, mean), swap ? hit->row : row,
                                swap ? row : hit->row};
            if (i == 0 || search_before(&pair, &pairs[row]))
                pairs[row] = pair;
        }
}

/* The candidates, of which each row keeps its best; returns how many are left. */
static size_t match(side *a, side *b, const search_bitext_options *options, search_item *pairs) {
    size_t all = a->v->count + b->v->count, count = 0;
    search_sort(pairs, all);
    for (size_t i = 0; i < all && count < options->most; i++) {
        search_item pair = pairs[i];
        if (a->taken[pair.a] || b->taken[pair.b] || !(pair.score >= options->threshold) ||
            isinf(pair.score))
            continue;
        a->taken[pair.a] = b->taken[pair.b] = true;
        pairs[count++] = pair;
    }
    return count;
}

bool search_bitext(const search_vectors *a, const search_vectors *b,
                   const search_bitext_options *options, search_item **pairs, size_t *count,
                   const base_progress *progress, base_error *error) {
    side of_a = {.v = a}, of_b = {.v = b};
    base_part_progress first = {progress, 0, a->count + b->count},
                       second = {progress, a->count, a->count + b->count};
    base_progress forward = base_progress_of_part(&first),
                  backward = base_progress_of_part(&second);
    *count = 0;
    *pairs = base_alloc(a->count + b->count, sizeof **pairs, error);
    bool ok = *pairs && find_nearest(&of_a, b, options, &forward, error) &&
              find_nearest(&of_b, a, options, &backward, error);
    if (ok) {
        add_candidates(&of_a, &of_b, options->margin, false, *pairs);
        add_candidates(&of_b, &of_a, options->margin, true, *pairs + a->count);
        *count = match(&of_a, &of_b, options, *pairs);
    } else {
        free(*pairs);
        *pairs = NULL;
    }
    free_side(&of_a);
    free_side(&of_b);
    return ok;
}
