#include "data/triplets.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ENTAILMENT, NEUTRAL, CONTRADICTION };

static void add(data_corpus *corpus, const char *premise, const char *hypothesis, uint32_t label) {
    base_error error = {0};
    data_row row = {.columns = 2, .label = label, .line = data_corpus_rows(corpus) + 2};
    row.text[0] = (data_text){premise, strlen(premise)};
    row.text[1] = (data_text){hypothesis, strlen(hypothesis)};
    cr_assert(data_corpus_add(corpus, &row, &error));
}

static data_corpus *nli(void) {
    base_error error = {0};
    data_corpus *corpus = data_corpus_new("nli.tsv", 2, DATA_TARGET_CLASS, &error);
    add(corpus, "p1", "n1", NEUTRAL);
    add(corpus, "p1", "e1", ENTAILMENT);
    add(corpus, "p2", "e2", ENTAILMENT);
    add(corpus, "p1", "c1", CONTRADICTION);
    add(corpus, "p1", "c2", CONTRADICTION);
    add(corpus, "p1", "e3", ENTAILMENT);
    add(corpus, "p3", "c3", CONTRADICTION);
    return corpus;
}

static void expect_text(const data_corpus *corpus, size_t row, size_t column, const char *text) {
    data_row r;
    data_corpus_row(corpus, row, &r);
    cr_assert_eq(r.text[column].size, strlen(text));
    cr_expect_arr_eq(r.text[column].bytes, text, strlen(text));
}

static data_triplets make(const data_corpus *corpus, uint64_t seed, bool keep, bool both) {
    base_error error = {0};
    data_triplets out = {0};
    data_triplet_options options = {seed, ENTAILMENT, CONTRADICTION, keep, both};
    cr_assert(data_triplets_make(corpus, &options, &out, &error), "%s", error.text);
    return out;
}

Test(triplets, one_for_each_entailed_row_with_a_contradiction) {
    data_corpus *corpus = nli();
    data_triplets t = make(corpus, 1, true, false);
    cr_assert_eq(data_corpus_rows(t.triplets), 2);
    cr_assert_eq(data_corpus_rows(t.pairs), 1);
    cr_expect(t.entailed == 3 && t.unpaired == 1 && t.unused == 4);
    expect_text(t.triplets, 0, 0, "p1");
    expect_text(t.triplets, 0, 1, "e1");
    expect_text(t.triplets, 1, 1, "e3");
    expect_text(t.pairs, 0, 0, "p2");
    expect_text(t.pairs, 0, 1, "e2");
    data_row row;
    data_corpus_row(t.triplets, 1, &row);
    cr_expect_eq(row.line, 7);
    cr_expect_eq(row.text[2].bytes[0], 'c');
    data_triplets_free(&t);
    t = make(corpus, 1, false, false);
    cr_expect_eq(data_corpus_rows(t.pairs), 0);
    cr_expect_eq(t.unpaired, 1);
    data_triplets_free(&t);
    data_corpus_free(corpus);
}

Test(triplets, the_seed_draws_among_the_contradictions_of_the_premise) {
    data_corpus *corpus = nli();
    size_t drawn[2] = {0};
    for (uint64_t seed = 0; seed < 400; seed++) {
        data_triplets t = make(corpus, seed, false, false),
                      again = make(corpus, seed, false, false);
        data_row row, same;
        data_corpus_row(t.triplets, 0, &row);
        data_corpus_row(again.triplets, 0, &same);
        cr_assert_eq(row.text[2].bytes[1], same.text[2].bytes[1]);
        drawn[row.text[2].bytes[1] - '1']++;
        data_triplets_free(&t);
        data_triplets_free(&again);
    }
    cr_expect(drawn[0] > 150 && drawn[1] > 150, "%zu %zu", drawn[0], drawn[1]);
    data_corpus_free(corpus);
}

Test(triplets, both_directions_exchange_premise_and_hypothesis) {
    data_corpus *corpus = nli();
    data_triplets t = make(corpus, 1, true, true);
    cr_assert_eq(data_corpus_rows(t.triplets), 4);
    cr_assert_eq(data_corpus_rows(t.pairs), 2);
    expect_text(t.triplets, 1, 0, "e1");
    expect_text(t.triplets, 1, 1, "p1");
    expect_text(t.pairs, 1, 0, "e2");
    data_triplets_free(&t);
    data_corpus_free(corpus);
}

Test(triplets, rows_without_labels_are_refused) {
    base_error error = {0};
    data_corpus *corpus = data_corpus_new("pairs.tsv", 2, DATA_TARGET_NONE, &error);
    data_triplets out = {0};
    cr_expect_not(data_triplets_make(corpus, &(data_triplet_options){0}, &out, &error));
    cr_expect_str_eq(error.text,
                     "pairs.tsv: found 2 text columns without labels, expected sentence pairs "
                     "with labels to make triplets of");
    data_corpus_free(corpus);
}
