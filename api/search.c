#include "api/callers.h"
#include "base/memory.h"
#include "sbert.h"
#include "search/bitext.h"
#include "search/negatives.h"
#include "search/pairs.h"
#include "search/topk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(SBERT_COSINE == (int)SEARCH_COSINE && SBERT_DOT == (int)SEARCH_DOT &&
                   SBERT_EUCLIDEAN == (int)SEARCH_EUCLIDEAN,
               "the functions have the same numbers");

int sbert_search(sbert_rows queries, sbert_rows corpus, sbert_function function, size_t k,
                 sbert_hit *hits, sbert_failure *why) {
    base_error error = {0};
    size_t count = 0;
    search_vectors q = search_vectors_of("queries", queries.values, queries.count, queries.width),
                   c = search_vectors_of("corpus", corpus.values, corpus.count, corpus.width);
    bool ok =
        api_call_begin(&error) && (base_size_mul(queries.count, k, &count) ||
                                   base_fail(&error, BASE_BAD_INPUT, "k is %zu, too many", k));
    search_hit *found = ok ? base_alloc(count, sizeof *found, &error) : NULL;
    ok = found && search_topk(&q, &c, (search_similarity_kind)function, k, found, NULL, &error);
    for (size_t i = 0; ok && i < count; i++)
        hits[i] = (sbert_hit){found[i].row, found[i].score};
    free(found);
    return api_call_end(ok, &error, why);
}

/* Items as the library's pairs, in memory of their own; frees the items. */
static bool give(search_item *items, size_t found, sbert_pair **pairs, size_t *count,
                 base_error *error) {
    *pairs = base_alloc(found, sizeof **pairs, error);
    *count = *pairs ? found : 0;
    for (size_t i = 0; i < *count; i++)
        (*pairs)[i] = (sbert_pair){items[i].a, items[i].b, items[i].score};
    free(items);
    return *pairs != NULL;
}

int sbert_mine(sbert_rows rows, sbert_function function, double threshold, size_t most,
               size_t top_k, sbert_pair **pairs, size_t *count, sbert_failure *why) {
    base_error error = {0};
    search_vectors v = search_vectors_of("rows", rows.values, rows.count, rows.width);
    search_pair_options options = {(search_similarity_kind)function, threshold, most, top_k};
    search_item *items;
    size_t found;
    *pairs = NULL;
    *count = 0;
    bool ok = api_call_begin(&error) && search_pairs(&v, &options, &items, &found, NULL, &error) &&
              give(items, found, pairs, count, &error);
    return api_call_end(ok, &error, why);
}

int sbert_mine_between(sbert_rows a, sbert_rows b, sbert_function function, size_t neighbours,
                       double threshold, size_t most, sbert_pair **pairs, size_t *count,
                       sbert_failure *why) {
    base_error error = {0};
    search_vectors of_a = search_vectors_of("a", a.values, a.count, a.width),
                   of_b = search_vectors_of("b", b.values, b.count, b.width);
    search_bitext_options options = {(search_similarity_kind)function,
                                     neighbours ? SEARCH_MARGIN_RATIO : SEARCH_MARGIN_NONE,
                                     neighbours ? neighbours : 1, threshold, most};
    search_item *items;
    size_t found;
    *pairs = NULL;
    *count = 0;
    bool ok = api_call_begin(&error) &&
              search_bitext(&of_a, &of_b, &options, &items, &found, NULL, &error) &&
              give(items, found, pairs, count, &error);
    return api_call_end(ok, &error, why);
}

/* Positives as offsets: anchor i's begin where the last one's end. */
static size_t *starts(const size_t *counts, size_t anchors, base_error *error) {
    size_t *start = base_alloc(anchors + 1, sizeof *start, error);
    for (size_t i = 0; start && i < anchors; i++)
        start[i + 1] = start[i] + (counts ? counts[i] : 1);
    return start;
}

static bool check_positives(const size_t *positives, size_t count, size_t rows, base_error *error) {
    for (size_t i = 0; i < count; i++)
        if (positives[i] >= rows)
            return base_fail(error, BASE_BAD_INPUT,
                             "positive %zu is row %zu, expected 0 to %zu, the rows of texts", i,
                             positives[i], rows - 1);
    return true;
}

int sbert_hard_negatives(sbert_rows anchors, sbert_rows texts, const size_t *positives,
                         const size_t *positive_counts, sbert_function function,
                         const sbert_negative_options *with, sbert_hit *hits, size_t *counts,
                         sbert_failure *why) {
    base_error error = {0};
    search_vectors a = search_vectors_of("anchors", anchors.values, anchors.count, anchors.width),
                   t = search_vectors_of("texts", texts.values, texts.count, texts.width);
    search_negative_options options = {
        .kind = (search_similarity_kind)function,
        .count = with->count,
        .depth = with->range_max,
        .range_min = with->range_min,
        .range_max = with->range_max,
        .least = -HUGE_VAL,
        .most = with->max_score != 0 ? with->max_score : HUGE_VAL,
        .absolute = with->absolute_margin != 0 ? with->absolute_margin : (double)NAN,
        .relative = with->relative_margin != 0 ? with->relative_margin : (double)NAN,
        .random = with->random != 0,
        .seed = with->seed};
    size_t *start = api_call_begin(&error) ? starts(positive_counts, anchors.count, &error) : NULL;
    search_anchors of = {&a, start, positives, NULL};
    search_negatives found = {0};
    for (size_t i = 0; start && i < anchors.count; i++)
        if (start[i + 1] - start[i] + with->range_max > options.depth)
            options.depth = start[i + 1] - start[i] + with->range_max;
    bool ok = start && check_positives(positives, start[anchors.count], texts.count, &error) &&
              search_negatives_find(&of, &t, &options, &found, NULL, &error);
    for (size_t i = 0; ok && i < anchors.count; i++) {
        counts[i] = found.found[i];
        for (size_t j = 0; j < found.found[i]; j++) {
            const search_hit *hit = &found.hit[i * with->count + j];
            hits[i * with->count + j] = (sbert_hit){hit->row, hit->score};
        }
    }
    free(start);
    search_negatives_free(&found);
    return api_call_end(ok, &error, why);
}
