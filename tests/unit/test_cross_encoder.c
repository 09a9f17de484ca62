/* Cross-encoders as users meet them: pairs in one sequence, training, folders, messages. */
#include "data/pair.h"
#include "eval/ranking.h"
#include "nn/model.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_run.h"
#include "train/batch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(cross_encoder, .init = tiny_corpora);

static const char golden[] = "tests/golden/cross/model";

/* ---- pairs ---- */

/* The definition of longest first: an id at a time goes from the longer text, from the second of
 * equal ones or, when neither fits, until the first has half of the room. */
static void shorten(size_t *first, size_t *second, size_t room) {
    while (*first + *second > room)
        if (*first > *second)
            --*first;
        else
            --*second;
}

Test(cross_encoder, what_is_too_long_is_cut_longest_first) {
    base_error error = {0};
    data_tokenizer *t = data_tokenizer_load(golden, &error);
    cr_assert(t, "%s", error.text);
    uint32_t a[40], b[40], ids[80], types[80];
    for (uint32_t i = 0; i < 40; i++) {
        a[i] = 5 + i % 20;
        b[i] = 6 + i % 19;
    }
    for (size_t most = 5; most < 24; most++)
        for (size_t n = 0; n < 40; n += 3)
            for (size_t m = 0; m < 40; m++) {
                size_t first = n, second = m, room = most - 3;
                data_pair pair = {a, b, n, m};
                size_t count = data_pair_join(t, &pair, most, ids, types);
                shorten(&first, &second, room);
                cr_assert_eq(count, data_pair_length(t, n, m, most));
                cr_assert_eq(count, first + second + 3);
                cr_assert_eq(data_pair_is_cut(t, n, m, most), n + m > room);
                size_t given = 0;
                while (ids[1 + given] != ids[count - 1])
                    given++;
                /* an odd room: the longer text has one more, or else the second */
                cr_assert(given == first || (n > room / 2 && m > room / 2), "%zu and %zu in %zu", n,
                          m, most);
                cr_assert(given + 1 >= first && given <= first + 1);
                for (size_t i = 0; i < count; i++)
                    cr_assert_eq(types[i], i > given + 1);
            }
    data_tokenizer_free(t);
}

Test(cross_encoder, candidates_of_other_rows_are_never_a_rows_own_and_none_comes_twice) {
    enum { ROWS = 5, TEXTS = 3 };
    base_error error = {0};
    nn_model *m = nn_model_load(golden, &nn_model_any, &error);
    data_corpus *corpus = data_corpus_new("rows", TEXTS, DATA_TARGET_NONE, &error);
    static const char *const words[] = {"man", "dog", "ball", "house", "woman", "red", "small"};
    for (size_t i = 0; i < ROWS; i++) {
        data_row row = {.columns = TEXTS, .line = i + 1};
        char text[TEXTS][40];
        for (size_t c = 0; c < TEXTS; c++) {
            snprintf(text[c], sizeof text[c], "%s %s", words[i], c ? words[5 + c - 1] : "");
            row.text[c] = (data_text){text[c], strlen(text[c])};
        }
        cr_assert(data_corpus_add(corpus, &row, &error));
    }
    data_tokenising how = {.tokenizer = m->tokenizer, .pairs = true, .max_length = 24};
    data_token_store *store = data_token_store_new(corpus, &how, &error);
    cr_assert(store, "%s", error.text);
    static const uint32_t rows[ROWS] = {0, 1, 2, 3, 4};
    for (size_t negatives = 0; negatives < 10; negatives++)
        for (uint64_t step = 0; step < 5; step++) {
            train_batch b = {.negatives = {negatives, 7, step}};
            cr_assert(train_batch_fill(&b, store, rows, ROWS, 0, &error), "%s", error.text);
            size_t all = 2 + (negatives < 8 ? negatives : 8);
            cr_assert_eq(b.columns, all);
            cr_assert_eq(b.layout.texts, all * ROWS);
            for (size_t i = 0; i < ROWS; i++)
                for (size_t c = 0; c < all; c++)
                    for (size_t d = 0; d < c; d++) {
                        size_t x = c * ROWS + i, y = d * ROWS + i;
                        size_t n = b.start[x + 1] - b.start[x];
                        cr_expect(n != b.start[y + 1] - b.start[y] ||
                                      memcmp(b.ids + b.start[x], b.ids + b.start[y],
                                             n * sizeof *b.ids) != 0,
                                  "row %zu: candidates %zu and %zu are one", i, c, d);
                    }
            train_batch_free(&b);
        }
    data_token_store_free(store);
    nn_model_free(m);
}

/* ---- numbers of an order: scikit-learn's, of ties too ---- */

Test(cross_encoder, ranking_numbers_are_those_of_scikit_learn) {
    static const double score[] = {0.9, 0.5, 0.5, 0.7, 0.1, 0.5, 0.3, 0.2};
    static const bool relevant[] = {false, true, false, true, false, true, false, true};
    enum { COUNT = sizeof score / sizeof *score };
    base_error error = {0};
    eval_ranking r;
    cr_assert(eval_ranking_make(&r, score, relevant, COUNT, &error));
    cr_expect_float_eq(eval_average_precision(&r).value, 0.5678571428571428, 1e-12);
    cr_expect_float_eq(eval_ndcg(&r, 3).value, 0.4525081529734507, 1e-12);
    cr_expect_float_eq(eval_ndcg(&r, 10).value, 0.7193205250680796, 1e-12);
    cr_expect_float_eq(eval_reciprocal_rank(&r, 10), 0.5, 1e-12);
    cr_expect_float_eq(eval_reciprocal_rank(&r, 1), 0, 1e-12);
    eval_threshold accuracy = eval_best_accuracy(&r), f1 = eval_best_f1(&r);
    cr_expect_float_eq(accuracy.value, 0.625, 1e-12);
    cr_expect_float_eq(accuracy.threshold, 0.4, 1e-12);
    cr_expect_float_eq(f1.value, 0.7272727272727273, 1e-12);
    cr_expect_float_eq(f1.threshold, 0.15, 1e-12);
    cr_expect_float_eq(f1.precision, 0.5714285714285714, 1e-12);
    cr_expect_float_eq(f1.recall, 1, 1e-12);
    eval_ranking_free(&r);
    static const bool none[COUNT] = {false};
    cr_assert(eval_ranking_make(&r, score, none, COUNT, &error));
    cr_expect_not_null(eval_average_precision(&r).undefined);
    cr_expect_not_null(eval_ndcg(&r, 10).undefined);
    eval_ranking_free(&r);
}

/* ---- commands ---- */

/* Python's CrossEncoder gives the first pair of tests/golden/make_cross.py this score. */
Test(cross_encoder, predict_gives_pythons_scores_and_convert_keeps_them) {
    base_bytes before = {0}, after = {0};
    fixture_text("p.tsv", "sentence1\tsentence2\nthe man plays\ta dog\n"
                          "the dog plays near the house.\t\n");
    cr_assert_eq(program_run("predict tests/golden/cross/model $D/p.tsv", &before), 0);
    cr_expect(!strncmp(before.data, "score\n0.", 8), "%s", before.data);
    cr_assert_eq(program_run("convert tests/golden/cross/model --out $D/copy 2>&1 >/dev/null; $S "
                             "predict $D/copy $D/p.tsv",
                             &after),
                 0);
    cr_expect(strstr(after.data, before.data), "%s", after.data);
    base_bytes_free(&before);
    base_bytes_free(&after);
}

/* id2label has the names, whatever num_labels says; one name for two labels is none. */
Test(cross_encoder, names_of_labels_that_contradict_themselves_are_said) {
    fixture_text("p.tsv", "sentence1\tsentence2\nthe man plays\ta dog\n");
    program_expect("convert tests/golden/cross/model --out $D/m 2>/dev/null; "
                   "sed -i 's/\"id2label\"/\"num_labels\": 3, \"id2label\"/' $D/m/config.json",
                   0, "");
    program_expect_part("predict $D/m $D/p.tsv", 0,
                        "num_labels is 3 and id2label has 1 names, which count");
    program_expect(
        "help >/dev/null; sed -i 's/\"id2label\": {/\"id2label\": {\"1\": \"LABEL_0\",/' "
        "$D/m/config.json",
        0, "");
    program_expect_part("predict $D/m $D/p.tsv", 2, "id2label has the name \"LABEL_0\" twice");
}

Test(cross_encoder, rerank_orders_by_score_and_info_says_the_task) {
    base_bytes out = {0};
    fixture_text("q.txt", "the man plays\na dog\n");
    fixture_text("c.txt", "the small red ball\na dog\nthe woman sees\n");
    cr_assert_eq(program_run("rerank tests/golden/cross/model $D/q.txt $D/c.txt", &out), 0);
    char *line = strtok(out.data, "\n");
    cr_expect_str_eq(line, "query\trank\tscore\trow\ttext");
    double last = 2;
    size_t lines = 0;
    for (; (line = strtok(NULL, "\n")); lines++) {
        size_t query, rank, row;
        double score;
        cr_assert_eq(sscanf(line, "%zu %zu %lf %zu", &query, &rank, &score, &row), 4);
        cr_expect_eq(query, 1 + lines / 3);
        cr_expect_eq(rank, 1 + lines % 3);
        cr_expect(rank == 1 || score <= last);
        last = score;
    }
    cr_expect_eq(lines, 6);
    base_bytes_free(&out);
    fixture_text("none.txt", "");
    program_expect_part("rerank tests/golden/cross/model $D/none.txt $D/c.txt", 2,
                        "none.txt is empty, expected a text a line");
    program_expect_part("rerank tests/golden/cross/model $D/q.txt $D/none.txt", 2,
                        "none.txt is empty, expected a text a line");
    program_expect_part("rerank tests/golden/cross/model $D/q.txt $D/c.txt --top-k 1 | wc -l", 0,
                        "3");
    program_expect_part("info tests/golden/cross/model", 0, "cross-encoder");
}

/* Row and score by the cross-encoder alone, of the hits that search gives. */
Test(cross_encoder, search_puts_its_hits_in_the_order_of_rerank) {
    base_bytes found = {0}, expected = {0};
    program_make_model();
    fixture_text("q.txt", "a b\nthe man plays\n");
    fixture_text("c.txt", "the small red ball\na dog\nthe woman sees\na b c\n");
    cr_assert_eq(program_run("search $D/m $D/c.txt $D/q.txt --rerank tests/golden/cross/model "
                             "2>$D/log",
                             &found),
                 0);
    cr_assert_eq(program_run("rerank tests/golden/cross/model $D/q.txt $D/c.txt", &expected), 0);
    cr_expect_str_eq(found.data, expected.data);
    base_bytes_free(&found);
    base_bytes_free(&expected);
    program_expect_part("search $D/m $D/c.txt $D/q.txt --rerank $D/m", 2, "is no cross-encoder");
    program_expect_part("search $D/m $D/c.txt $D/v.npy --rerank tests/golden/cross/model", 2,
                        "--rerank reads texts");
}

/* The scores of negatives are those that the cross-encoder gives them. */
Test(cross_encoder, mine_scores_negatives_by_it) {
    base_bytes mined = {0}, scores = {0};
    program_make_model();
    fixture_text("m.tsv", "sentence1\tsentence2\na\ta b\nb c\tthe man\nd\ta dog\n");
    cr_assert_eq(program_run("mine $D/m $D/m.tsv --negatives 1 --scores --form triplet "
                             "--cross-encoder tests/golden/cross/model --out $D/n.tsv 2>$D/log; "
                             "$S predict tests/golden/cross/model $D/n.tsv --columns "
                             "sentence1=anchor,sentence2=negative | tail -n +2",
                             &scores),
                 0);
    cr_assert_eq(program_run("help >/dev/null; tail -n +2 $D/n.tsv", &mined), 0);
    char *line = mined.data, *score = scores.data, *end;
    size_t lines = 0;
    for (; (end = strchr(line, '\n')); line = end + 1, lines++) {
        *end = '\0';
        double found = strtod(strrchr(line, '\t') + 1, NULL), expected = strtod(score, &score);
        cr_expect_float_eq(found, expected, 2e-6, "%s: %g", line, expected);
    }
    cr_expect_eq(lines, 3);
    base_bytes_free(&mined);
    base_bytes_free(&scores);
    program_expect_part("mine $D/m $D/m.tsv --negatives 1 --cross-encoder $D/m", 2,
                        "is no cross-encoder");
}

Test(cross_encoder, the_other_kind_of_model_is_refused) {
    program_make_model();
    fixture_text("lines.txt", "a b\n");
    program_expect_part("encode tests/golden/cross/model $D/lines.txt --out -", 2,
                        "is a cross-encoder, which scores pairs of texts and has no embeddings");
    program_expect_part("rerank $D/m $D/pairs.tsv", 2, "is no cross-encoder");
    program_expect_part("eval tests/golden/cross/model --sts $D/sts.tsv", 2,
                        "evaluator sts judges bi-encoders, and the model is a cross-encoder");
    program_expect_part("eval $D/m --correlation $D/sts.tsv", 2,
                        "evaluator correlation judges cross-encoders");
    program_expect_part("eval --baseline --correlation $D/sts.tsv", 2, "judges a model");
}

/* ---- training ---- */

#define CROSS                                                                                      \
    "task=cross-encoder", "train.data.0.columns=[\"sentence1\",\"sentence2\"]",                    \
        "evaluation.data.0.kind=correlation"

static tiny_run_result run_scores(const char *objective, const char *threads) {
    char data[400], which[100], pool[40];
    snprintf(data, sizeof data, "train.data.0.data=%s", fixture_path("sts.tsv"));
    snprintf(which, sizeof which, "train.data.0.loss=%s", objective);
    snprintf(pool, sizeof pool, "threads=%s", threads);
    const char *sets[] = {CROSS,         data, which, pool, "train.data.0.score_range=[0,5]",
                          "max_steps=6", NULL};
    return tiny_run_well(sets, TRAIN_NEW, 0);
}

Test(cross_encoder, trains_on_scores_into_a_folder_that_is_judged) {
    static const char *const losses[] = {"binary_cross_entropy", "pair_mse",
                                         "{\"name\":\"pair_mse\",\"sigmoid\":true}"};
    for (size_t i = 0; i < 3; i++) {
        tiny_run_result r = run_scores(losses[i], "1");
        cr_expect(r.outcome.step == 6 && r.outcome.has_best);
        program_expect_part("eval $D/run --correlation $D/sts.tsv", 0, "spearman");
        program_expect_part("eval $D/run --reranking $D/sts.tsv", 0, "ndcg@10");
        program_expect_part("predict $D/run $D/pairs.tsv | wc -l", 0, "25");
        program_expect("help >/dev/null; rm -r $D/run", 0, "");
    }
}

Test(cross_encoder, classes_are_trained_named_and_judged) {
    const char *sets[] = {"task=cross-encoder", "train.data.0.loss=cross_entropy", "epochs=1",
                          "evaluation.data=[]", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    program_expect_part("predict $D/run $D/pairs.tsv", 0,
                        "label\tentailment\tneutral\tcontradiction");
    program_expect_part("eval $D/run --classification $D/nli.tsv", 0, "confusion");
    program_expect_part("eval $D/run --correlation $D/sts.tsv", 2, "one label");
    program_expect_part("rerank $D/run $D/pairs.tsv", 2, "expected one, whose score");
}

/* Classes in another order would be taken for one another. */
Test(cross_encoder, a_trained_classifier_keeps_the_order_of_its_labels) {
    base_error error = {0};
    tiny_run_result r;
    char from[400];
    const char *sets[] = {"task=cross-encoder", "train.data.0.loss=cross_entropy", "epochs=1",
                          "evaluation.data=[]", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    program_expect("help >/dev/null; mv $D/run $D/trained", 0, "");
    snprintf(from, sizeof from, "model.path=%s", fixture_path("trained/model"));
    const char *other[] = {
        "task=cross-encoder",
        "train.data.0.loss=cross_entropy",
        "evaluation.data=[]",
        from,
        "train.data.0.labels={\"contradiction\":0,\"neutral\":1,\"entailment\":2}",
        "model.config=null",
        "model.vocab=null",
        NULL};
    cr_expect_not(tiny_run(other, TRAIN_NEW, 0, &r, &error));
    cr_expect(strstr(error.text, "calls label 0 \"contradiction\", expected \"entailment\""), "%s",
              error.text);
}

/* What pair_mse brings near the scores is the logit, of a model that had another score, too. */
Test(cross_encoder, scores_are_what_the_loss_trained) {
    run_scores("binary_cross_entropy", "1");
    program_expect("help >/dev/null; grep -c Sigmoid "
                   "$D/run/model/config_sentence_transformers.json; mv $D/run $D/before",
                   0, "1\n");
    char from[400], data[400];
    snprintf(from, sizeof from, "model.path=%s", fixture_path("before/model"));
    snprintf(data, sizeof data, "train.data.0.data=%s", fixture_path("sts.tsv"));
    const char *sets[] = {CROSS,
                          from,
                          data,
                          "model.config=null",
                          "model.vocab=null",
                          "train.data.0.loss=pair_mse",
                          "train.data.0.score_range=[0,5]",
                          "max_steps=2",
                          NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    program_expect("help >/dev/null; grep -c Identity "
                   "$D/run/model/config_sentence_transformers.json",
                   0, "1\n");
}

Test(cross_encoder, lists_and_labels_of_two_numbers_train_one_score) {
    const char *lists[] = {"task=cross-encoder",         "train.data.0.loss=pair_mnrl",
                           "train.data.0.rows=triplets", "epochs=1",
                           "evaluation.data=[]",         NULL};
    cr_expect_eq(tiny_run_well(lists, TRAIN_NEW, 0).outcome.stopped, false);
    program_expect("help >/dev/null; rm -r $D/run", 0, "");
    const char *labels[] = {
        "task=cross-encoder",
        "train.data.0.loss=binary_cross_entropy",
        "epochs=1",
        "train.data.0.labels={\"entailment\":1,\"neutral\":0,\"contradiction\":0}",
        "evaluation.data=[]",
        NULL};
    tiny_run_well(labels, TRAIN_NEW, 0);
    program_expect_part("info $D/run/model", 0, "[\"entailment\"]");
    program_expect_part("eval $D/run --classification $D/nli.tsv", 0, "average_precision");
    program_expect_part("eval tests/golden/cross/model --classification $D/nli.tsv", 2,
                        "expected among them LABEL_0 or 1");
    program_expect_part("eval tests/golden/cross/model --classification $D/nli.tsv --positive "
                        "neutral",
                        0, "average_precision");
}

Test(cross_encoder, a_run_has_the_same_bits_on_any_number_of_threads) {
    run_scores("binary_cross_entropy", "1");
    uint32_t crc = tiny_run_crc("run", "model/model.safetensors");
    program_expect("help >/dev/null; rm -r $D/run", 0, "");
    run_scores("binary_cross_entropy", "3");
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), crc);
}

Test(cross_encoder, a_run_that_was_stopped_goes_on_to_the_same_bits) {
    const char *sets[] = {"task=cross-encoder",
                          "train.data.0.loss=pair_mnrl",
                          "train.data.0.rows=triplets",
                          "max_steps=4",
                          "evaluation.data=[]",
                          "train.data.0.without_negative=drop",
                          NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    uint32_t crc = tiny_run_crc("run", "model/model.safetensors");
    program_expect("help >/dev/null; rm -r $D/run", 0, "");
    tiny_run_well(sets, TRAIN_NEW, 2);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    cr_expect_eq(tiny_run_crc("run", "model/model.safetensors"), crc);
}

typedef struct bad {
    const char *set[3];
    const char *part;
} bad;

Test(cross_encoder, what_does_not_fit_is_refused) {
    static const bad all[] = {
        {{"train.data.0.loss=softmax"}, "does not go with the task cross-encoder"},
        {{"task=bi-encoder", "train.data.0.loss=cross_entropy"},
         "does not go with the task bi-encoder"},
        {{"train.data.0.loss=cross_entropy"}, "evaluator sts judges bi-encoders"},
        {{"train.data.0.loss=pair_mse", "train.data.0.target=sentence1"}, "found sentence1 \""},
        {{"train.data.0.loss=pair_margin_mse"}, "loss pair_margin_mse, expected 3"},
        {{"train.data.0.loss=binary_cross_entropy",
          "train.data.0.labels={\"entailment\":2,\"neutral\":1,\"contradiction\":0}"},
         "found the number 2, expected 0 and 1"},
        {{"train.data.0.loss=cross_entropy", "model.max_seq_length=4"}, "expected at least 5"},
        {{"train.data.0.loss={\"name\":\"pair_mnrl\",\"negatives\":0}",
          "train.data.0.rows=positives"},
         "found 2 text columns for the loss pair_mnrl with negatives 0"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        base_error error = {0};
        tiny_run_result r;
        const char *sets[] = {"task=cross-encoder", all[i].set[0], all[i].set[1], NULL};
        cr_expect_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error), "%s", all[i].part);
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect(strstr(error.text, all[i].part), "%s", error.text);
    }
}
