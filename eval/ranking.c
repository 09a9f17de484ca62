#include "eval/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct placed_score {
    double score;
    size_t index;
} placed_score;

static int by_score(const void *a, const void *b) {
    const placed_score *x = a, *y = b;
    if (x->score < y->score || x->score > y->score)
        return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

bool eval_ranking_make(eval_ranking *r, const double *score, const bool *relevant, size_t count,
                       base_error *error) {
    *r = (eval_ranking){.score = score, .relevant = relevant, .count = count};
    placed_score *sorted = base_alloc(count, sizeof *sorted, error);
    r->order = base_alloc(count, sizeof *r->order, error);
    bool ok = sorted && r->order;
    for (size_t i = 0; ok && i < count; i++)
        sorted[i] = (placed_score){score[i], i};
    if (ok && count)
        qsort(sorted, count, sizeof *sorted, by_score);
    for (size_t i = 0; ok && i < count; i++) {
        r->order[i] = sorted[i].index;
        r->hits += relevant[i];
    }
    free(sorted);
    return ok;
}

void eval_ranking_free(eval_ranking *r) {
    free(r->order);
    r->order = NULL;
}

/* Places [begin, end) have equal scores, *hits of them are relevant; returns end. */
static size_t group(const eval_ranking *r, size_t begin, size_t *hits) {
    double score = r->score[r->order[begin]];
    size_t end = begin;
    for (*hits = 0; end < r->count && r->score[r->order[end]] >= score; end++)
        *hits += r->relevant[r->order[end]];
    return end;
}

static const char none[] = "nothing is relevant";

eval_value eval_average_precision(const eval_ranking *r) {
    double sum = 0;
    if (r->hits == 0)
        return (eval_value){0, none};
    for (size_t begin = 0, end, hits, all = 0; begin < r->count; begin = end) {
        end = group(r, begin, &hits);
        all += hits;
        sum += (double)hits * (double)all / (double)end;
    }
    return (eval_value){sum / (double)r->hits, NULL};
}

double eval_reciprocal_rank(const eval_ranking *r, size_t k) {
    for (size_t i = 0; i < r->count && i < k; i++)
        if (r->relevant[r->order[i]])
            return 1 / (double)(i + 1);
    return 0;
}

/* Discounts of the places [begin, end) before k. */
static double discounts(size_t begin, size_t end, size_t k) {
    double sum = 0;
    for (size_t i = begin; i < end && i < k; i++)
        sum += 1 / log2((double)i + 2);
    return sum;
}

eval_value eval_ndcg(const eval_ranking *r, size_t k) {
    double gain = 0;
    if (r->hits == 0)
        return (eval_value){0, none};
    for (size_t begin = 0, end, hits; begin < r->count; begin = end) {
        end = group(r, begin, &hits);
        gain += (double)hits / (double)(end - begin) * discounts(begin, end, k);
    }
    return (eval_value){gain / discounts(0, r->hits, k), NULL};
}

/* Halfway from place i to the one behind it, which lies below. */
static double threshold_behind(const eval_ranking *r, size_t i) {
    double here = r->score[r->order[i]];
    double next = i + 1 < r->count ? r->score[r->order[i + 1]] : here;
    double middle = here / 2 + next / 2;
    return middle > next ? middle : here;
}

/* `measure` of hits among the first `taken` places. */
static eval_threshold best(const eval_ranking *r,
                           double (*measure)(const eval_ranking *r, size_t hits, size_t taken)) {
    eval_threshold found = {0};
    if (r->count == 0)
        return found;
    found.value = measure(r, 0, 0); /* nothing is taken */
    found.threshold = nextafter(r->score[r->order[0]], HUGE_VAL);
    for (size_t begin = 0, end, hits, all = 0; begin < r->count; begin = end) {
        end = group(r, begin, &hits);
        all += hits;
        double value = measure(r, all, end);
        if (value > found.value)
            found = (eval_threshold){value,
                                     threshold_behind(r, end - 1),
                                     (double)all / (double)end,
                                     r->hits ? (double)all / (double)r->hits : 0,
                                     end,
                                     all};
    }
    return found;
}

static double accuracy(const eval_ranking *r, size_t hits, size_t taken) {
    size_t missed = r->hits - hits, wrong = taken - hits;
    return (double)(r->count - missed - wrong) / (double)r->count;
}

static double f1(const eval_ranking *r, size_t hits, size_t taken) {
    return hits ? 2 * (double)hits / (double)(taken + r->hits) : 0;
}

eval_threshold eval_best_accuracy(const eval_ranking *r) {
    return best(r, accuracy);
}

eval_threshold eval_best_f1(const eval_ranking *r) {
    eval_threshold found = best(r, f1);
    if (found.hits == 0)
        found.threshold = 0;
    return found;
}

double eval_matthews(const eval_ranking *r, const eval_threshold *t) {
    double hits = (double)t->hits, wrong = (double)t->taken - hits;
    double missed = (double)r->hits - hits, left = (double)r->count - hits - wrong - missed;
    double product = (hits + wrong) * (hits + missed) * (left + wrong) * (left + missed);
    return product > 0 ? (hits * left - wrong * missed) / sqrt(product) : 0;
}
