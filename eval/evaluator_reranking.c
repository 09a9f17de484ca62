/* A cross-encoder's order of each query's candidates: mean over the queries of average precision,
 * reciprocal rank and nDCG at 10, as sentence-transformers' CrossEncoderRerankingEvaluator has
 * them. Pairs are (query, candidate), pairs with equal first texts are of one query, and a
 * candidate is relevant when its score is above 0. A query without a relevant candidate counts as
 * 0. */
#include "eval/evaluator.h"
#include "eval/ranking.h"

#include <stdlib.h>
#include <string.h>

enum { AT = 10 };

static const char *const metrics[] = {"ndcg@10", "map", "mrr@10", NULL};

/* A pair, for sorting by query. */
typedef struct query_pair {
    data_text query;
    size_t index;
} query_pair;

static int by_query(const void *a, const void *b) {
    const query_pair *x = a, *y = b;
    size_t both = x->query.size < y->query.size ? x->query.size : y->query.size;
    int order = both ? memcmp(x->query.bytes, y->query.bytes, both) : 0;
    if (order != 0)
        return order;
    if (x->query.size != y->query.size)
        return x->query.size < y->query.size ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static bool same_query(const query_pair *x, const query_pair *y) {
    return x->query.size == y->query.size &&
           (!x->query.size || !memcmp(x->query.bytes, y->query.bytes, x->query.size));
}

typedef struct reranking {
    double *score;     /* [pairs] of the model */
    query_pair *pairs; /* [pairs] by query */
    double *sorted;    /* [pairs] scores in the order of `pairs` */
    bool *relevant;    /* [pairs] likewise */
    size_t count;
} reranking;

static bool take(void *context, size_t first, size_t count, const float *logits,
                 base_error *error) {
    const reranking *r = context;
    (void)error;
    for (size_t i = 0; i < count; i++)
        r->score[first + i] = (double)logits[i];
    return true;
}

static bool prepare(reranking *r, const data_corpus *corpus, base_error *error) {
    r->count = data_corpus_rows(corpus);
    r->score = base_alloc(r->count, sizeof *r->score, error);
    r->pairs = base_alloc(r->count, sizeof *r->pairs, error);
    r->sorted = base_alloc(r->count, sizeof *r->sorted, error);
    r->relevant = base_alloc(r->count, sizeof *r->relevant, error);
    if (!r->score || !r->pairs || !r->sorted || !r->relevant)
        return false;
    data_row row;
    for (size_t i = 0; i < r->count; i++) {
        data_corpus_row(corpus, i, &row);
        r->pairs[i] = (query_pair){row.text[0], i};
    }
    if (r->count)
        qsort(r->pairs, r->count, sizeof *r->pairs, by_query);
    for (size_t i = 0; i < r->count; i++) {
        data_corpus_row(corpus, r->pairs[i].index, &row);
        r->relevant[i] = row.score > 0;
    }
    return true;
}

/* Sums over the queries, in the order of their texts; returns how many there are, or SIZE_MAX. */
static size_t add_queries(const reranking *r, double sum[3], base_error *error) {
    size_t queries = 0;
    for (size_t i = 0; i < r->count; i++)
        r->sorted[i] = r->score[r->pairs[i].index];
    for (size_t begin = 0, end; begin < r->count; begin = end, queries++) {
        eval_ranking one;
        for (end = begin; end < r->count && same_query(&r->pairs[begin], &r->pairs[end]);)
            end++;
        bool ok =
            eval_ranking_make(&one, r->sorted + begin, r->relevant + begin, end - begin, error);
        sum[0] += ok ? eval_ndcg(&one, AT).value : 0;
        sum[1] += ok ? eval_average_precision(&one).value : 0;
        sum[2] += ok ? eval_reciprocal_rank(&one, AT) : 0;
        eval_ranking_free(&one);
        if (!ok)
            return SIZE_MAX;
    }
    return queries;
}

static bool add_numbers(const reranking *r, eval_result *out, base_error *error) {
    double sum[3] = {0};
    size_t queries = add_queries(r, sum, error);
    bool ok = queries != SIZE_MAX;
    for (size_t i = 0; ok && i < 3; i++) {
        eval_value value = {0, "there are no queries"};
        if (queries)
            value = (eval_value){sum[i] / (double)queries, NULL};
        ok = eval_result_add(out, metrics[i], "", value, error);
    }
    return ok &&
           eval_result_add_plain(out, "queries", "", (eval_value){(double)queries, NULL}, error);
}

static bool run(const eval_subject *subject, const data_corpus *corpus, eval_result *out,
                base_error *error) {
    reranking r = {0};
    bool ok = prepare(&r, corpus, error) &&
              eval_score_pairs(subject, corpus, take, &r, &out->truncated, error) &&
              eval_activate(subject->model->classifier, r.score, r.count, error) &&
              add_numbers(&r, out, error);
    free(r.score);
    free(r.pairs);
    free(r.sorted);
    free(r.relevant);
    return ok;
}

const eval_def eval_reranking_def = {
    .name = "reranking",
    .kind = DATA_TARGET_SCORE,
    .of_pairs = true,
    .most_labels = 1,
    .metrics = metrics,
    .run = run,
};
