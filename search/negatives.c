#include "search/negatives.h"

#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>

/* Hits of the anchors that are searched for at once, and pairs that are scored anew at once. */
enum { GROUP_HITS = 1 << 20, RESCORED = 1 << 12 };

typedef struct job {
    const search_anchors *anchors;
    const search_vectors *corpus;
    const search_negative_options *options;
    search_negatives *out;
    size_t depth;
    search_hit *hits;   /* [group][depth] */
    search_item *items; /* those that are no positives, anchor after anchor */
    size_t *candidates; /* [group]: how many of an anchor */
} job;

/* ---- positives ---- */

/* Scores by the second model, a part of them at a time, so that a signal ends it. They are of the
 * anchors first .. first + count - 1 of all. */
static bool rescore(const job *j, search_item *items, size_t n, size_t first, size_t count,
                    const base_progress *progress, base_error *error) {
    const search_negative_options *o = j->options;
    size_t anchors = j->anchors->vectors->count;
    bool ok = true;
    for (size_t at = 0; ok && o->rescore && at < n; at += RESCORED) {
        size_t done = first + (size_t)((double)count * (double)at / (double)n);
        ok = base_progress_report(progress, done, anchors, error) &&
             o->rescore(o->context, items + at, n - at < RESCORED ? n - at : RESCORED, error);
    }
    return ok;
}

static bool score_positives(job *j, const base_progress *progress, base_error *error) {
    const search_anchors *anchors = j->anchors;
    size_t width = j->corpus->width, n = anchors->vectors->count, count = anchors->start[n];
    float *a = base_alloc(width, sizeof *a, error), *b = base_alloc(width, sizeof *b, error);
    search_item *items = base_alloc(count, sizeof *items, error);
    bool ok = a && b && items;
    for (size_t i = 0; ok && i < n; i++) {
        search_vectors_row(anchors->vectors, i, a);
        for (size_t p = anchors->start[i]; p < anchors->start[i + 1]; p++) {
            search_vectors_row(j->corpus, anchors->positive[p], b);
            items[p] = (search_item){search_similarity(j->options->kind, a, b, width), i,
                                     anchors->positive[p]};
        }
    }
    ok = ok && rescore(j, items, count, 0, 0, progress, error);
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

/* The hits of an anchor that are no positives, into items; returns how many. */
static size_t take_candidates(const job *j, size_t anchor, const search_hit *hits,
                              search_item *items) {
    size_t n = 0;
    for (size_t i = 0; i < j->depth; i++)
        if (!is_positive(j->anchors, anchor, hits[i].row))
            items[n++] = (search_item){hits[i].score, anchor, hits[i].row};
    return n;
}

/* Moves what has a negative's score to the front; returns how many. */
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

static void choose(job *j, size_t anchor, search_item *items, size_t candidates) {
    const search_negative_options *o = j->options;
    size_t kept = filter(j, anchor, items, candidates), count = o->count;
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
}

static bool run_group(job *j, size_t first, size_t count, const base_progress *progress,
                      base_error *error) {
    search_vectors part = search_vectors_part(j->anchors->vectors, first, count);
    base_part_progress whole = {progress, first, j->anchors->vectors->count};
    base_progress of_part = base_progress_of_part(&whole);
    size_t n = 0;
    /* What takes the time is told: the search, or the scores of the second model. */
    if (!search_topk(&part, j->corpus, j->options->kind, j->depth, j->hits,
                     j->options->rescore ? NULL : &of_part, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        j->candidates[i] = take_candidates(j, first + i, j->hits + i * j->depth, j->items + n);
        n += j->candidates[i];
    }
    if (!rescore(j, j->items, n, first, count, progress, error))
        return false;
    for (size_t i = 0, at = 0; i < count; at += j->candidates[i++])
        choose(j, first + i, j->items + at, j->candidates[i]);
    return true;
}

static bool run_groups(job *j, const base_progress *progress, base_error *error) {
    size_t n = j->anchors->vectors->count, group = GROUP_HITS / j->depth, numbers;
    group = group < 1 ? 1 : group < n ? group : n;
    if (!base_size_mul(group, j->depth, &numbers))
        return base_fail(error, BASE_BAD_INPUT, "%zu candidates an anchor are too many", j->depth);
    j->hits = base_alloc(numbers, sizeof *j->hits, error);
    j->items = base_alloc(numbers, sizeof *j->items, error);
    j->candidates = base_alloc(group, sizeof *j->candidates, error);
    bool ok = j->hits && j->items && j->candidates;
    for (size_t first = 0; ok && first < n; first += group)
        ok = run_group(j, first, n - first < group ? n - first : group, progress, error);
    free(j->candidates);
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
