/* Paraphrase mining: all distinct texts of labelled pairs are compared with each other, by cosine,
 * and the pairs found are judged: paraphrases are the pairs with the positive label, in either
 * order, and all others are none, as sentence-transformers' ParaphraseMiningEvaluator has it, whose
 * defaults hold: of each text the 100 nearest, 500,000 pairs in all. A text paired with itself
 * counts nothing. Without a paraphrase, and with one text alone, all numbers are 0. */
#include "data/text_table.h"
#include "eval/evaluator.h"
#include "eval/ranking.h"
#include "search/pairs.h"

#include <math.h>
#include <stdlib.h>

enum { TOP_K = 100, MOST_PAIRS = 500000 };

static const eval_measure measures[] = {
    {.name = "average_precision"}, {.name = "f1"},     {.name = "f1_threshold", .plain = true},
    {.name = "precision"},         {.name = "recall"}, {0}};

/* Two texts, first < second. */
typedef struct text_pair {
    size_t first, second;
} text_pair;

typedef struct mined {
    data_text *text; /* [texts] distinct */
    size_t texts;
    text_pair *gold; /* [golds] rising */
    size_t golds;
} mined;

static int by_texts(const void *a, const void *b) {
    const text_pair *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->second < y->second ? -1 : x->second > y->second;
}

static text_pair pair_of(size_t a, size_t b) {
    return a < b ? (text_pair){a, b} : (text_pair){b, a};
}

static bool prepare(mined *m, const data_corpus *corpus, uint32_t positive, base_error *error) {
    size_t rows = data_corpus_rows(corpus), most;
    data_text_table *table =
        base_size_mul(rows, 2, &most) ? data_text_table_new(most, error) : NULL;
    m->gold = table ? base_alloc(rows, sizeof *m->gold, error) : NULL;
    for (size_t i = 0; m->gold && i < rows; i++) {
        data_row row;
        data_corpus_row(corpus, i, &row);
        size_t a = data_text_table_add(table, row.text[0]);
        size_t b = data_text_table_add(table, row.text[1]);
        if (row.label == positive && a != b)
            m->gold[m->golds++] = pair_of(a, b);
    }
    m->texts = m->gold ? data_text_table_count(table) : 0;
    m->text = m->gold ? base_alloc(m->texts, sizeof *m->text, error) : NULL;
    for (size_t i = 0; m->text && i < m->texts; i++)
        m->text[i] = data_text_table_get(table, (uint32_t)i);
    data_text_table_free(table);
    if (m->text)
        m->golds = base_sort_distinct(m->gold, m->golds, sizeof *m->gold, by_texts);
    return m->text || base_fail(error, BASE_FAILED, "%s: out of memory", data_corpus_name(corpus));
}

/* Numbers of what was found, best first. */
static bool add_numbers(const mined *m, const search_item *found, size_t count, eval_result *out,
                        base_error *error) {
    double *score = base_alloc(count, sizeof *score, error);
    bool *relevant = base_alloc(count, sizeof *relevant, error);
    eval_ranking r = {0};
    bool ok = score && relevant;
    for (size_t i = 0; ok && i < count; i++) {
        text_pair pair = pair_of(found[i].a, found[i].b);
        score[i] = found[i].score;
        relevant[i] = m->golds && bsearch(&pair, m->gold, m->golds, sizeof *m->gold, by_texts);
    }
    ok = ok && eval_ranking_make(&r, score, relevant, count, error);
    r.hits = m->golds;
    if (ok) {
        eval_threshold f1 = eval_best_f1(&r);
        const double values[] = {eval_average_precision(&r).value, f1.value, f1.threshold,
                                 f1.precision, f1.recall};
        ok = eval_result_add_all(out, measures, values, 5, "", error);
    }
    eval_ranking_free(&r);
    free(score);
    free(relevant);
    return ok;
}

static bool run(const eval_subject *subject, const eval_data *data, eval_result *out,
                base_error *error) {
    const search_pair_options options = {SEARCH_COSINE, -HUGE_VAL, MOST_PAIRS, TOP_K};
    uint32_t positive = 0;
    mined m = {0};
    search_item *found = NULL;
    size_t count = 0;
    bool ok = eval_positive_label(subject, data->corpus, &positive, error) &&
              prepare(&m, data->corpus, positive, error);
    eval_texts set = {m.text, m.texts, 0, NULL};
    ok = ok && eval_embed_texts(subject, &set, 1, &out->truncated, error);
    if (ok && m.texts > 1) {
        search_vectors v = search_vectors_of("texts", set.out, m.texts, subject->model->encoded);
        ok = search_pairs(&v, &options, &found, &count, NULL, error);
    }
    out->examples = m.texts;
    ok = ok && add_numbers(&m, found, count, out, error);
    free(found);
    free(set.out);
    free(m.text);
    free(m.gold);
    return ok;
}

const eval_def eval_mining_def = {
    .name = "mining",
    .task = NN_BI_ENCODER,
    .counted = "texts",
    .column = {"sentence1", "sentence2"},
    .columns = 2,
    .kind = DATA_TARGET_CLASS,
    .finds_labels = true,
    .measures = measures,
    .run = run,
};
