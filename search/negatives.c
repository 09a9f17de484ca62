#include "search/negatives.h"

#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>

/* Hits of the anchors that are searched for at once. */
enum { GROUP_HITS = 1 << 20 };

typedef struct job {
    const search_anchors *anchors;
    const search_vectors *corpus;
    const search_negative_options *options;
    search_negatives *out;
    size_t depth;
    search_hit *hits;   /* [group][depth] */
    search_item *items; /* the same, to be scored anew and sorted */
} job;

/* ---- positives ---- */

/* Those of one anchor, whose vector is a; b is for another vector. */
static bool score_positives_of(job *j, size_t anchor, const float *a, float *b, search_item *items,
                               base_error *error) {
    const search_anchors *anchors = j->anchors;
    const search_negative_options *o = j->options;
    size_t first = anchors->start[anchor], count = anchors->start[anchor + 1] - first;
    for (size_t i = 0; i < count; i++) {
        size_t row = anchors->positive[first + i];
        search_vectors_row(j->corpus, row, b);
        items[i] = (search_item){search_similarity(o->kind, a, b, j->corpus->width), anchor, row};
    }
    return !o->rescore || o->rescore(o->context, items, count, error);
}

static bool score_positives(job *j, const base_progress *progress, base_error *error) {
    const search_anchors *anchors = j->anchors;
    size_t width = j->corpus->width, n = anchors->vectors->count, count = anchors->start[n];
    float *a = base_alloc(width, sizeof *a, error), *b = base_alloc(width, sizeof *b, error);
    search_item *items = base_alloc(count, sizeof *items, error);
    bool ok = a && b && items;
    for (size_t i = 0; ok && i < n; i++) {
        search_vectors_row(anchors->vectors, i, a);
        ok = base_progress_report(progress, 0, n, error) &&
             score_positives_of(j, i, a, b, items + anchors->start[i], error);
    }
    for (size_t p = 0; ok && p < count; p++)
        j->out->positive_score[p] = items[p].score;
    free(a);
    free(b);
    free(items);
    return ok;
}

/* ---- negatives ---- */

static bool is_positive(const search_anchors *anchors, size_t anchor, size_t row) {
    if (anchors->self && anchors->self[anchor] == row)
        return true;
    for (size_t p = anchors->start[anchor]; p < anchors->start[anchor + 1]; p++)
        if (anchors->positive[p] == row)
            return true;
    return false;
}

/* The largest score that the margins allow. */
static double most_by_margin(const job *j, size_t anchor) {
    double worst = HUGE_VAL, most = HUGE_VAL;
    for (size_t p = j->anchors->start[anchor]; p < j->anchors->start[anchor + 1]; p++)
        worst = fmin(worst, j->out->positive_score[p]);
    if (!isnan(j->options->absolute))
        most = worst - j->options->absolute;
    if (!isnan(j->options->relative))
        most = fmin(most, worst - j->options->relative * fabs(worst));
    return most;
}

/* Moves what is no positive to the front; returns how many. */
static size_t leave_positives_out(const job *j, size_t anchor, search_item *items, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_positive(j->anchors, anchor, items[i].b))
            items[kept++] = items[i];
    return kept;
}

/* The same with what has a negative's score. */
static size_t filter(job *j, size_t anchor, search_item *items, size_t count) {
    double most = most_by_margin(j, anchor);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].score > most)
            j->out->near++;
        else if (items[i].score > j->options->most || items[i].score < j->options->least)
            j->out->outside++;
        else
            items[kept++] = items[i];
    }
    return kept;
}

/* Draws `count` of n items to the front, in order of their scores. */
static void draw(const job *j, size_t anchor, search_item *items, size_t n, size_t count) {
    base_random random = base_random_stream(j->options->seed, "hard negatives");
    random.key = base_random_mix(random.key, anchor);
    for (size_t i = 0; i < count; i++) {
        size_t other = i + (size_t)base_random_below(&random, n - i);
        search_item item = items[i];
        items[i] = items[other];
        items[other] = item;
    }
    search_sort(items, count);
}

static bool choose(job *j, size_t anchor, search_item *items, base_error *error) {
    const search_negative_options *o = j->options;
    size_t kept = leave_positives_out(j, anchor, items, j->depth), count = o->count;
    if (o->rescore && !o->rescore(o->context, items, kept, error))
        return false;
    kept = filter(j, anchor, items, kept);
    search_sort(items, kept);
    kept = kept < o->range_max ? kept : o->range_max;
    items += kept < o->range_min ? kept : o->range_min;
    kept -= kept < o->range_min ? kept : o->range_min;
    count = count < kept ? count : kept;
    if (o->random)
        draw(j, anchor, items, kept, count);
    for (size_t i = 0; i < count; i++)
        j->out->hit[anchor * o->count + i] = (search_hit){items[i].b, items[i].score};
    j->out->found[anchor] = count;
    return true;
}

static bool run_group(job *j, size_t first, size_t count, const base_progress *progress,
                      base_error *error) {
    const search_negative_options *o = j->options;
    search_vectors part = search_vectors_part(j->anchors->vectors, first, count);
    /* What takes the time is told: the search, or the scores of the second model. */
    bool ok = search_topk(&part, j->corpus, o->kind, j->depth, j->hits,
                          o->rescore ? NULL : progress, error);
    for (size_t i = 0; ok && i < count * j->depth; i++)
        j->items[i] = (search_item){j->hits[i].score, first + i / j->depth, j->hits[i].row};
    for (size_t i = 0; ok && i < count; i++)
        ok = (!o->rescore || base_progress_report(progress, i, count, error)) &&
             choose(j, first + i, j->items + i * j->depth, error);
    return ok;
}

static bool run_groups(job *j, const base_progress *progress, base_error *error) {
    size_t n = j->anchors->vectors->count, group = GROUP_HITS / j->depth, numbers;
    group = group < 1 ? 1 : group < n ? group : n;
    if (!base_size_mul(group, j->depth, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "%zu candidates an anchor are too many", j->depth);
    j->hits = base_alloc(numbers, sizeof *j->hits, error);
    j->items = base_alloc(numbers, sizeof *j->items, error);
    bool ok = j->hits && j->items;
    for (size_t first = 0; ok && first < n; first += group) {
        base_part_progress whole = {progress, first, n};
        base_progress of_part = base_progress_of_part(&whole);
        ok = run_group(j, first, n - first < group ? n - first : group, &of_part, error);
    }
    free(j->hits);
    free(j->items);
    return ok;
}

static bool new_result(const search_anchors *anchors, size_t count, search_negatives *out,
                       base_error *error) {
    size_t n = anchors->vectors->count, hits;
    if (!base_size_mul(n, count, &hits))
        return base_fail(error, BASE_BAD_INPUT, "%zu negatives an anchor are too many", count);
    out->hit = base_alloc(hits, sizeof *out->hit, error);
    out->found = base_alloc(n, sizeof *out->found, error);
    out->positive_score = base_alloc(anchors->start[n], sizeof *out->positive_score, error);
    return base_ok(error);
}

bool search_negatives_find(const search_anchors *anchors, const search_vectors *corpus,
                           const search_negative_options *options, search_negatives *out,
                           const base_progress *progress, base_error *error) {
    job j = {.anchors = anchors, .corpus = corpus, .options = options, .out = out};
    j.depth = options->depth < corpus->count ? options->depth : corpus->count;
    if (corpus->width != anchors->vectors->width)
        return base_fail(error, BASE_BAD_INPUT, "%s has %zu columns, expected %zu as %s has",
                         corpus->name, corpus->width, anchors->vectors->width,
                         anchors->vectors->name);
    return new_result(anchors, options->count, out, error) &&
           score_positives(&j, progress, error) && run_groups(&j, progress, error);
}

void search_negatives_free(search_negatives *n) {
    free(n->hit);
    free(n->found);
    free(n->positive_score);
    *n = (search_negatives){0};
}
