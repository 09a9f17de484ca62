/* The order of each query's candidates: mean over the queries of average precision, reciprocal rank
 * and nDCG at 10, as sentence-transformers' RerankingEvaluator has them, by the model's own
 * similarity, and its CrossEncoderRerankingEvaluator. Pairs are (query, candidate), pairs with
 * equal first texts are of one query, and a candidate is relevant when its score is above 0. A
 * query without a relevant candidate counts as 0 for a cross-encoder; a bi-encoder is not asked
 * about such a query, nor about one whose candidates are all relevant. */
#include "eval/evaluator.h"
#include "eval/ranking.h"
#include "search/similarity.h"

#include <stdlib.h>
#include <string.h>

enum { AT = 10 };

enum { NDCG, MAP, MRR, SUMS, QUERIES = SUMS };
static const eval_measure measures[] = {[NDCG] = {.name = "ndcg@10"},
                                        [MAP] = {.name = "map"},
                                        [MRR] = {.name = "mrr@10"},
                                        [QUERIES] = {.name = "queries", .plain = true},
                                        {0}};

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
    double *score;      /* [pairs] of the model */
    query_pair *listed; /* [pairs] by query */
    double *sorted;     /* [pairs] scores in the order of `listed` */
    bool *relevant;     /* [pairs] likewise */
    size_t count;
    search_similarity_kind kind; /* of a bi-encoder */
    size_t width;                /* of its embeddings */
    bool pairs;                  /* it is a cross-encoder */
} reranking;

static bool take_vectors(void *context, size_t first, size_t count, const float *const *of,
                         base_error *error) {
    const reranking *r = context;
    (void)error;
    for (size_t i = 0; i < count; i++)
        r->score[first + i] =
            search_similarity(r->kind, of[0] + i * r->width, of[1] + i * r->width, r->width);
    return true;
}

static bool prepare(reranking *r, const data_corpus *corpus, base_error *error) {
    r->count = data_corpus_rows(corpus);
    r->score = base_alloc(r->count, sizeof *r->score, error);
    r->listed = base_alloc(r->count, sizeof *r->listed, error);
    r->sorted = base_alloc(r->count, sizeof *r->sorted, error);
    r->relevant = base_alloc(r->count, sizeof *r->relevant, error);
    if (!r->score || !r->listed || !r->sorted || !r->relevant)
        return false;
    data_row row;
    for (size_t i = 0; i < r->count; i++) {
        data_corpus_row(corpus, i, &row);
        r->listed[i] = (query_pair){row.text[0], i};
    }
    if (r->count)
        qsort(r->listed, r->count, sizeof *r->listed, by_query);
    for (size_t i = 0; i < r->count; i++) {
        data_corpus_row(corpus, r->listed[i].index, &row);
        r->relevant[i] = row.score > 0;
    }
    return true;
}

static bool counts(const reranking *r, const eval_ranking *query) {
    return r->pairs || (query->hits && query->hits < query->count);
}

/* Sums over the queries, in the order of their texts; returns how many there are, or SIZE_MAX. */
static size_t add_queries(const reranking *r, double sum[SUMS], base_error *error) {
    size_t queries = 0;
    for (size_t i = 0; i < r->count; i++)
        r->sorted[i] = r->score[r->listed[i].index];
    for (size_t begin = 0, end; begin < r->count; begin = end) {
        eval_ranking one;
        for (end = begin; end < r->count && same_query(&r->listed[begin], &r->listed[end]);)
            end++;
        bool ok =
            eval_ranking_make(&one, r->sorted + begin, r->relevant + begin, end - begin, error);
        if (ok && counts(r, &one)) {
            sum[NDCG] += eval_ndcg(&one, AT).value;
            sum[MAP] += eval_average_precision(&one).value;
            sum[MRR] += eval_reciprocal_rank(&one, AT);
            queries++;
        }
        eval_ranking_free(&one);
        if (!ok)
            return SIZE_MAX;
    }
    return queries;
}

static bool add_numbers(const reranking *r, eval_result *out, base_error *error) {
    double sum[SUMS] = {0};
    size_t queries = add_queries(r, sum, error);
    bool ok = queries != SIZE_MAX;
    for (size_t i = 0; ok && i < SUMS; i++) {
        eval_value value = {0, "no query has candidates that are relevant and others"};
        if (queries)
            value = (eval_value){sum[i] / (double)queries, NULL};
        ok = eval_result_add(out, &measures[i], "", value, error);
    }
    return ok &&
           eval_result_add(out, &measures[QUERIES], "", (eval_value){(double)queries, NULL}, error);
}

static bool score(reranking *r, const eval_subject *subject, const data_corpus *corpus,
                  size_t *truncated, base_error *error) {
    return r->pairs ? eval_pair_scores(subject, corpus, r->score, truncated, error)
                    : eval_embed(subject, corpus, take_vectors, r, truncated, error);
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    reranking r = {.kind = search_similarity_find(subject->model->similarity),
                   .width = subject->model->encoded,
                   .pairs = subject->model->classifier != NULL};
    bool ok = prepare(&r, data->corpus, error) &&
              score(&r, subject, data->corpus, &out->truncated, error) &&
              add_numbers(&r, out, error);
    free(r.score);
    free(r.listed);
    free(r.sorted);
    free(r.relevant);
    return ok;
}

const eval_def eval_reranking_def = {
    .name = "reranking",
    .task = NN_ANY_TASK,
    .counted = "pairs",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_SCORE,
    .most_labels = 1,
    .measures = measures,
    .run = run,
};
