/* BEIR's folders: what is read, and what is refused. */
#include "base/file.h"
#include "data/beir.h"
#include "tests/fixture.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char texts[] = "{\"_id\": \"d1\", \"title\": \"A title\", \"text\": \"and a text\"}\n"
                            "{\"_id\": \"d2\", \"text\": \"no title\", \"metadata\": {}}\n"
                            "{\"_id\": \"d3\", \"title\": \"\", \"text\": \"an empty one\"}\n",
                  queries[] = "{\"_id\": \"q1\", \"text\": \"one\"}\n"
                              "{\"_id\": \"q2\", \"text\": \"two\"}\n",
                  qrels[] =
                      "query-id\tcorpus-id\tscore\nq2\td3\t1\nq2\td1\t2\nq2\td3\t1\nq1\td2\t0\n";

/* A folder with these files in it; its path. */
static const char *make(const char *corpus, const char *asked, const char *relevant) {
    base_error error = {0};
    cr_assert(base_folder_make(fixture_path("set/qrels"), &error), "%s", error.text);
    fixture_text("set/corpus.jsonl", corpus);
    fixture_text("set/queries.jsonl", asked);
    fixture_text("set/qrels/test.tsv", relevant);
    return fixture_path("set");
}

static void expect_read(const char *path) {
    base_error error = {0};
    data_row row;
    data_beir *b = data_beir_read(path, &error);
    cr_assert(b, "%s", error.text);
    cr_expect_eq(data_corpus_rows(b->texts), 3);
    cr_expect_eq(data_corpus_rows(b->queries), 2);
    data_corpus_row(b->texts, 0, &row);
    cr_expect(row.text[0].size == 18 && !memcmp(row.text[0].bytes, "A title and a text", 18));
    cr_assert_eq(b->count, 2);
    cr_expect(b->relevant[0].query == 1 && b->relevant[0].text == 0);
    cr_expect(b->relevant[1].query == 1 && b->relevant[1].text == 2);
    data_beir_free(b);
}

Test(beir, a_folder_is_read_plain_gzipped_or_by_a_file_of_its_qrels) {
    const char *folder = make(texts, queries, qrels);
    expect_read(folder);
    fixture_gzip("set/corpus.jsonl.gz", texts, strlen(texts));
    fixture_gzip("set/qrels/dev.tsv.gz", qrels, strlen(qrels));
    cr_assert(remove(fixture_path("set/corpus.jsonl")) == 0 &&
              remove(fixture_path("set/qrels/test.tsv")) == 0);
    expect_read(folder);
    fixture_text("set/qrels/train.tsv", qrels);
    expect_read(fixture_path("set/qrels/train.tsv"));
}

static void expect_refused(const char *part) {
    base_error error = {0};
    data_beir *b = data_beir_read(fixture_path("set"), &error);
    cr_expect_null(b, "%s", part);
    cr_expect(error.status == BASE_BAD_INPUT && strstr(error.text, part), "%s, expected %s",
              error.text, part);
    data_beir_free(b);
}

Test(beir, what_does_not_fit_is_refused_with_its_line) {
    make(texts, queries, "query-id\tcorpus-id\tscore\nq1\td1\t1\nq9\td1\t1\n");
    expect_refused("qrels/test.tsv: line 3: found the query-id 'q9'");
    make(texts, queries, "query-id\tcorpus-id\tscore\nq1\td7\t0\n");
    expect_refused("qrels/test.tsv: line 2: found the corpus-id 'd7'");
    make(texts, queries, "query-id\tcorpus-id\tscore\nq1\td1\t0\n");
    expect_refused("found no score above 0");
    make(texts, queries, "q1\td1\t1\n");
    expect_refused("query-id");
    make("{\"_id\": \"d1\", \"text\": \"a\"}\n{\"_id\": \"d1\", \"text\": \"b\"}\n", queries,
         qrels);
    expect_refused("corpus.jsonl: line 2: found the _id 'd1' again, which line 1 has");
    make("{\"_id\": \"d1\"}\n", queries, qrels);
    expect_refused("corpus.jsonl: line 1: found no \"text\"");
    make("[1]\n", queries, qrels);
    expect_refused("corpus.jsonl: line 1: found no object");
    make("{\"_id\": 1, \"text\": \"a\"}\n", queries, qrels);
    expect_refused("corpus.jsonl: line 1: _id is 1");
    make("", queries, qrels);
    expect_refused("corpus.jsonl: line 1, column 1: found an empty file");
    make(texts, queries, qrels);
    cr_assert_eq(remove(fixture_path("set/qrels/test.tsv")), 0);
    expect_refused("found neither qrels/test.tsv nor qrels/dev.tsv");
    cr_assert_eq(remove(fixture_path("set/queries.jsonl")), 0);
    expect_refused("found no queries.jsonl");
}

Test(beir, the_program_judges_by_it_and_by_the_other_kinds) {
    program_make_model();
    make(texts, queries, qrels);
    program_expect_part("eval $D/m --retrieval $D/set $D/set/qrels/test.tsv", 0, "ndcg@10");
    program_expect_part("eval $D/m --retrieval $D/set --json", 0, "\"queries\": 1");
    program_expect_part("eval $D/m --retrieval $D", 2, "found no corpus.jsonl");
    program_expect_part("eval $D/m --retrieval $D/nowhere", 2,
                        "nowhere: not found, expected a folder as BEIR has it");
    program_expect_part("help >/dev/null; S=$(realpath $S); cd $D/set/qrels; $S eval $D/m "
                        "--retrieval test.tsv",
                        0, "ndcg@10");
    fixture_text("t.tsv", "gold_label\tx\tpositive\tnegative\n1\ta b\tc\td\n0\tb\td .\ta\n");
    program_expect_part("eval $D/m --triplet $D/t.tsv --columns anchor=x", 0, "triplets");
    program_expect_part("eval $D/m --binary $D/t.tsv --mining $D/t.tsv --translation $D/t.tsv "
                        "--columns sentence1=x,sentence2=positive",
                        0, "mean_accuracy");
    program_expect_part("eval $D/m --mse $D/t.tsv --columns sentence=x --teacher $D/m --json", 0,
                        "\"mse\": 0}");
    program_expect_part("eval $D/m --mse $D/t.tsv", 2, "--mse needs --teacher");
    program_expect_part("eval $D/m --triplet $D/t.tsv --teacher $D/m", 2, "expected none");
    program_expect_part("eval $D/m --binary $D/t.tsv --columns sentence1=x,sentence2=positive "
                        "--positive 7",
                        2, "expected among them 7");
}
