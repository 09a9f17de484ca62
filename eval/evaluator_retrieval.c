/* Retrieval: for each query the texts of a corpus that are most similar, exactly, by the model's
 * own similarity; accuracy, precision, recall, mean reciprocal rank, nDCG (Jarvelin & Kekalainen
 * 2002) and mean average precision at k, means over the queries that have a relevant text, as
 * sentence-transformers' InformationRetrievalEvaluator has them. Equal similarities stand by the
 * texts' order. */
#include "data/beir.h"
#include "eval/evaluator.h"
#include "search/topk.h"

#include <math.h>
#include <stdlib.h>

/* A number of one query: hit[i] says whether place i of `places` is relevant, of `relevant` texts.
 */
typedef double place_measure(const bool *hit, size_t places, size_t relevant, size_t k);

static size_t count_hits(const bool *hit, size_t places, size_t k) {
    size_t hits = 0;
    for (size_t i = 0; i < places && i < k; i++)
        hits += hit[i];
    return hits;
}

static double accuracy(const bool *hit, size_t places, size_t relevant, size_t k) {
    (void)relevant;
    return count_hits(hit, places, k) ? 1 : 0;
}

static double precision(const bool *hit, size_t places, size_t relevant, size_t k) {
    (void)relevant;
    return (double)count_hits(hit, places, k) / (double)k;
}

static double recall(const bool *hit, size_t places, size_t relevant, size_t k) {
    return (double)count_hits(hit, places, k) / (double)relevant;
}

static double reciprocal_rank(const bool *hit, size_t places, size_t relevant, size_t k) {
    (void)relevant;
    for (size_t i = 0; i < places && i < k; i++)
        if (hit[i])
            return 1 / (double)(i + 1);
    return 0;
}

static double ndcg(const bool *hit, size_t places, size_t relevant, size_t k) {
    double gain = 0, ideal = 0;
    for (size_t i = 0; i < k; i++) {
        double discount = 1 / log2((double)i + 2);
        gain += i < places && hit[i] ? discount : 0;
        ideal += i < relevant ? discount : 0;
    }
    return gain / ideal;
}

static double average_precision(const bool *hit, size_t places, size_t relevant, size_t k) {
    double sum = 0;
    size_t hits = 0;
    for (size_t i = 0; i < places && i < k; i++)
        if (hit[i])
            sum += (double)++hits / (double)(i + 1);
    return sum / (double)(relevant < k ? relevant : k);
}

/* The first is the main one. */
#define NUMBERS(AT)                                                                                \
    AT(ndcg, ndcg, 10)                                                                             \
    AT(mrr, reciprocal_rank, 10)                                                                   \
    AT(map, average_precision, 100)                                                                \
    AT(accuracy, accuracy, 1)                                                                      \
    AT(accuracy, accuracy, 3)                                                                      \
    AT(accuracy, accuracy, 5)                                                                      \
    AT(accuracy, accuracy, 10)                                                                     \
    AT(precision, precision, 1)                                                                    \
    AT(precision, precision, 3)                                                                    \
    AT(precision, precision, 5)                                                                    \
    AT(precision, precision, 10)                                                                   \
    AT(recall, recall, 1)                                                                          \
    AT(recall, recall, 3)                                                                          \
    AT(recall, recall, 5)                                                                          \
    AT(recall, recall, 10)
#define MEASURE(name, of, k) {#name "@" #k, false, false},
#define HOW(name, of, k) {of, k},

static const eval_measure measures[] = {NUMBERS(MEASURE){0}};
static const struct {
    place_measure *of;
    size_t k;
} how[] = {NUMBERS(HOW)};
enum { COUNT = sizeof how / sizeof *how, MOST_PLACES = 100 };

typedef struct retrieval {
    const data_beir *data;
    size_t *begin;    /* [queries + 1] where the texts that are relevant to a query begin */
    data_text *query; /* [queries] that have one */
    size_t queries;
    data_text *text;  /* [texts] */
    search_hit *hits; /* [queries * places] */
    size_t places;
    double sum[COUNT];
} retrieval;

static data_text text_of(const data_corpus *corpus, size_t i) {
    data_row row;
    data_corpus_row(corpus, i, &row);
    return row.text[0];
}

static bool prepare(retrieval *r, const data_beir *data, base_error *error) {
    size_t texts = data_corpus_rows(data->texts);
    *r = (retrieval){.data = data, .places = texts < MOST_PLACES ? texts : MOST_PLACES};
    r->begin = base_alloc(data->asked + 1, sizeof *r->begin, error);
    r->query = base_alloc(data->asked, sizeof *r->query, error);
    r->text = base_alloc(texts, sizeof *r->text, error);
    if (!r->begin || !r->query || !r->text)
        return false;
    for (size_t i = 0; i < texts; i++)
        r->text[i] = text_of(data->texts, i);
    for (size_t i = 0; i < data->count; i++)
        if (i == 0 || data->relevant[i].query != data->relevant[i - 1].query) {
            r->begin[r->queries] = i;
            r->query[r->queries++] = text_of(data->queries, data->relevant[i].query);
        }
    r->begin[r->queries] = data->count;
    r->hits = base_alloc_rows(r->queries, r->places, sizeof *r->hits, error);
    return r->hits != NULL;
}

static bool is_relevant(const retrieval *r, size_t query, size_t text) {
    for (size_t i = r->begin[query]; i < r->begin[query + 1]; i++)
        if (r->data->relevant[i].text == text)
            return true;
    return false;
}

static void add_query(retrieval *r, size_t query) {
    bool hit[MOST_PLACES];
    for (size_t i = 0; i < r->places; i++)
        hit[i] = is_relevant(r, query, r->hits[query * r->places + i].row);
    size_t relevant = r->begin[query + 1] - r->begin[query];
    for (size_t i = 0; i < COUNT; i++)
        r->sum[i] += how[i].of(hit, r->places, relevant, how[i].k) / (double)r->queries;
}

static bool search(retrieval *r, const eval_subject *subject, const eval_texts sets[2],
                   base_error *error) {
    size_t width = subject->model->encoded;
    search_vectors queries = search_vectors_of("queries", sets[0].out, sets[0].count, width);
    search_vectors texts = search_vectors_of("texts", sets[1].out, sets[1].count, width);
    return search_topk(&queries, &texts, search_similarity_find(subject->model->similarity),
                       r->places, r->hits, NULL, error);
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    retrieval r;
    bool ok = prepare(&r, data->own, error);
    eval_texts sets[] = {{r.query, r.queries, 0, NULL},
                         {r.text, data_corpus_rows(r.data->texts), 1, NULL}};
    ok = ok && eval_embed_texts(subject, sets, 2, &out->truncated, error) &&
         search(&r, subject, sets, error);
    for (size_t i = 0; ok && i < r.queries; i++)
        add_query(&r, i);
    out->examples = r.queries;
    ok = ok && eval_result_add_all(out, measures, r.sum, COUNT, "", error);
    free(sets[0].out);
    free(sets[1].out);
    free(r.begin);
    free(r.query);
    free(r.text);
    free(r.hits);
    return ok;
}

/* ---- its data ---- */

static void *read(const char *path, base_error *error) {
    return data_beir_read(path, error);
}

static void release(void *own) {
    data_beir_free(own);
}

static size_t texts(const void *own) {
    const data_beir *b = own;
    return b->asked + data_corpus_rows(b->texts);
}

static const eval_reading reading = {read, release, texts, data_beir_files};

const eval_def eval_retrieval_def = {
    .name = "retrieval",
    .task = NN_BI_ENCODER,
    .counted = "queries",
    .column = {"query", "document"},
    .columns = 2,
    .measures = measures,
    .run = run,
    .reading = &reading,
};
