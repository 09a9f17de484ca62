/* Every allocation fails in turn, of loading, encoding, training and saving: an error with exit
 * code 1, nothing leaked (counted here; AddressSanitizer looks as well), and the same call without
 * the failure works afterwards. A part of them here, all of them by `make faults`. */
#include "base/file.h"
#include "base/unfinished.h"
#include "data/token_cache.h"
#include "eval/evaluator.h"
#include "nn/model.h"
#include "search/bitext.h"
#include "search/communities.h"
#include "search/duplicates.h"
#include "search/kmeans.h"
#include "search/linkage.h"
#include "search/negatives.h"
#include "search/pairs.h"
#include "tests/fixture.h"
#include "tests/heap_count.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 25 };

static const char *folder; /* to read or to write */
static const char *saved;  /* to write, where another is read */
static nn_model *model;
static train_config *config;

static bool load(base_error *error) {
    nn_model *m = nn_model_load(folder, NULL, error);
    nn_model_free(m);
    return m != NULL;
}

static bool encode(base_error *error) {
    static const data_text texts[] = {{"a cat sat.", 10}, {"the dog", 7}};
    float out[2 * 12];
    nn_context *context = nn_context_new(error);
    bool ok = context && nn_model_encode(model, context, texts, 2, 0, out, NULL, error);
    nn_context_free(context);
    return ok;
}

static bool save(base_error *error) {
    return nn_model_save(model, folder, true, error);
}

static bool train(base_error *error) {
    train_events events = {0};
    train_outcome outcome;
    train_trainer *t = train_trainer_new(config, TRAIN_OVERWRITE, NULL, &events, error);
    bool ok = t && train_trainer_run(t, &outcome, error);
    train_trainer_free(t);
    return ok;
}

/* The nth allocation fails (0: none). Number of allocations. */
static size_t call(bool (*operation)(base_error *), const char *name, size_t nth, bool *failed,
                   size_t *kept) {
    base_error error = {0};
    size_t live = heap_live();
    heap_fail(nth);
    bool ok = operation(&error);
    size_t count = heap_fail_end();
    *kept = heap_live() - live;
    *failed = !ok;
    cr_expect_eq(ok, base_ok(&error), "%s, allocation %zu: result and error differ: %s", name, nth,
                 error.text);
    cr_expect(ok || error.status == BASE_FAILED, "%s, allocation %zu: exit code %d: %s", name, nth,
              (int)error.status, error.text);
    return count;
}

static void fail_in_turn(bool (*operation)(base_error *), const char *name) {
    bool failed;
    size_t kept, usual;
    call(operation, name, 0, &failed, &usual); /* what libraries keep after the first time */
    size_t count = call(operation, name, 0, &failed, &usual);
    cr_assert_not(failed);
    cr_assert_gt(count, 0);
    const char *all = getenv("SBERT_FAULTS");
    size_t step = all && !strcmp(all, "all") ? 1 : 1 + count / SAMPLES;
    for (size_t nth = 1; nth <= count; nth += step) {
        call(operation, name, nth, &failed, &kept);
        cr_expect(failed, "%s: allocation %zu of %zu failed and nobody said so", name, nth, count);
        cr_expect_eq(kept, usual, "%s, allocation %zu: %zu blocks kept, usually %zu", name, nth,
                     kept, usual);
        call(operation, name, 0, &failed, &kept);
        cr_assert_not(failed, "%s after allocation %zu failed", name, nth);
    }
}

Test(faults, load) {
    folder = tiny_folder("model");
    fail_in_turn(load, "load");
}

Test(faults, encode) {
    model = tiny_model(1, NULL);
    fail_in_turn(encode, "encode");
    nn_model_free(model);
}

Test(faults, save) {
    folder = fixture_path("saved");
    model = tiny_model(1, NULL);
    fail_in_turn(save, "save");
    nn_model_free(model);
}

static bool finish(base_error *error) {
    const base_unfinished_whole whole = {"model: a\n", 2, 1};
    base_unfinished *u = base_unfinished_open(saved, &whole, BASE_UNFINISHED_ANEW, error);
    if (!u)
        return false;
    if (fputs("ab", base_unfinished_stream(u)) >= 0 && base_unfinished_written(u, 0, error))
        return base_unfinished_commit(u, error);
    base_unfinished_leave(u);
    return false;
}

Test(faults, unfinished_outputs) {
    saved = fixture_path("saved");
    fail_in_turn(finish, "finish");
}

/* Reads, encodes and writes. */
static bool tokenize(base_error *error) {
    static const char text[] =
        "A cat s\u00e1t\u0301 (on)  the c-ab 12 xx <mask> \uac01 \u2581 <y>.";
    data_tokenizer *t = data_tokenizer_load(folder, error);
    data_tokens tokens = {0};
    bool ok = t && data_tokenizer_encode(t, text, sizeof text - 1, 1 << 10, &tokens, error) &&
              data_tokenizer_save(t, saved, 16, error);
    data_tokens_free(&tokens);
    data_tokenizer_free(t);
    return ok;
}

static void fail_tokenizer(const char *path) {
    base_error error = {0};
    folder = path;
    saved = fixture_path("saved");
    cr_assert(base_folder_remove(saved, &error) && base_folder_make(saved, &error));
    fail_in_turn(tokenize, path);
}

Test(faults, tokenizers) {
    static const char *const folders[] = {"albert", "bpe", "roberta", "unigram", "xlmr"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = base_format("tests/fuzz/tokenizers/%s", folders[i]);
        fail_tokenizer(path);
        free(path);
    }
}

Test(faults, tokenizer_of_an_older_folder) {
    static const char *const files[][2] = {
        {"tokenizer_config.json",
         "{\"image_token\": \"<img>\", \"extra_special_tokens\": [\"<e>\"]}"},
        {"special_tokens_map.json",
         "{\"mask_token\": {\"content\": \"[MASK]\", \"lstrip\": true}}"},
        {"added_tokens.json", "{\"<y>\": 38, \"<x>\": 37}"}};
    base_error error = {0};
    base_bytes vocab = {0};
    const char *old = fixture_path("old");
    cr_assert(base_file_read(tiny_vocab(), &vocab, &error) && base_folder_make(old, &error) &&
              base_file_write_in(old, "vocab.txt", vocab.data, vocab.size, &error));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        cr_assert(base_file_write_in(old, files[i][0], files[i][1], strlen(files[i][1]), &error));
    base_bytes_free(&vocab);
    fail_tokenizer(old);
}

/* Made, and found again. */
static bool cache(base_error *error) {
    data_reader_options reader = {.columns = 2,
                                  .column = {"sentence1", "sentence2"},
                                  .kind = DATA_TARGET_CLASS,
                                  .find_labels = true};
    data_tokenising how = {.tokenizer = model->tokenizer, .max_length = 8};
    data_token_cache c = {folder, 0, &saved, 1, &reader, &how};
    bool ok = base_folder_remove(folder, error);
    for (size_t i = 0; ok && i < 2; i++) {
        data_corpus *corpus = NULL;
        data_token_store *store = NULL;
        ok = data_token_cache_get(&c, &corpus, &store, error);
        data_corpus_free(corpus);
        data_token_store_free(store);
    }
    return ok;
}

Test(faults, token_cache) {
    tiny_corpora();
    folder = fixture_path("cache");
    saved = fixture_path("nli.tsv");
    model = tiny_model(1, NULL);
    fail_in_turn(cache, "cache");
    nn_model_free(model);
}

static bool read_vectors(base_error *error) {
    nn_model *m = nn_model_from_vectors(folder, error);
    nn_model_free(m);
    return m != NULL;
}

Test(faults, word_vectors) {
    folder = fixture_text("v.txt", "the 9 9\ncat 1 2\nsat 3 6\n");
    fail_in_turn(read_vectors, "word vectors");
}

/* Every way to group 40 rows. */
static bool group(base_error *error) {
    enum { N = 40, WIDTH = 3 };
    float rows[N * WIDTH];
    for (size_t i = 0; i < N * WIDTH; i++)
        rows[i] = (float)(i * i % 7) - 3;
    search_vectors v = search_vectors_of("rows", rows, N, WIDTH);
    search_groups groups = {0}, by_label = {0};
    search_kmeans means = {0};
    search_hit of[N];
    size_t label[N], count;
    bool ok =
        search_communities(&groups, &v, 0.5, 2, NULL, error) &&
        search_duplicates(&v, 0.9, of, NULL, error) &&
        search_kmeans_run(&means, &v, &(search_kmeans_options){3, 2, 5, 1, true}, NULL, error) &&
        search_linkage(label, &count, &v, &(search_linkage_options){3, 0, SIZE_MAX}, NULL, error) &&
        search_groups_of_labels(&by_label, &v, label, count, error);
    search_kmeans_free(&means);
    search_groups_free(&groups);
    search_groups_free(&by_label);
    return ok;
}

Test(faults, groups) {
    fail_in_turn(group, "groups");
}

/* The evaluator at hand on its golden data, with a model of word vectors that is its own teacher.
 */
static const eval_def *evaluator;
static loss *objective;

static bool evaluate(base_error *error) {
    const char *of = strcmp(evaluator->name, "sts") != 0 ? evaluator->name : "reranking";
    char path[100];
    snprintf(path, sizeof path, "tests/golden/evaluators/%s1%s", of,
             evaluator->reading ? "" : ".tsv");
    nn_context *context = nn_context_new(error);
    eval_subject subject = {
        .model = model, .context = context, .objective = objective, .objective_rows = 8};
    data_reader_options how = {.score_high = 1};
    if (evaluator->needs_loss)
        how.kind = DATA_TARGET_SCORE;
    eval_data data = {0};
    eval_result r = {0};
    bool ok = context && eval_data_read(evaluator, path, &how, &data, error) &&
              (!evaluator->needs_teacher || eval_data_teach(&data, &subject, error)) &&
              eval_run(&subject, &data, &r, error);
    eval_result_free(&r);
    eval_data_free(&data);
    nn_context_free(context);
    return ok;
}

Test(faults, evaluators) {
    base_error error = {0};
    cJSON *cosine = cJSON_CreateString("cosine");
    model = nn_model_from_vectors("tests/golden/evaluators/vectors.txt", &error);
    objective = loss_new(cosine, &(loss_setting){.width = model->width}, "t", "", &error);
    cr_assert(objective, "%s", error.text);
    for (size_t i = 0; (evaluator = eval_evaluator_at(i)); i++)
        if (evaluator->task != NN_CROSS_ENCODER && !evaluator->needs_head)
            fail_in_turn(evaluate, evaluator->name);
    loss_free(objective);
    nn_model_free(model);
    cJSON_Delete(cosine);
}

Test(faults, train) {
    static const char *const sets[] = {"max_steps=1", NULL};
    tiny_corpora();
    config = tiny_run_config(sets);
    fail_in_turn(train, "train");
    train_config_free(config);
}

/* A cross-encoder is read, scores pairs and is written. */
static bool cross(base_error *error) {
    static const data_text first[] = {{"the man plays", 13}, {"a dog", 5}};
    static const data_text second[] = {{"a dog", 5}, {"", 0}};
    float out[2];
    nn_model *m = nn_model_load("tests/golden/cross/model", &nn_model_any, error);
    nn_context *context = m ? nn_context_new(error) : NULL;
    bool ok = context && nn_model_score(m, context, first, second, 2, 0, out, NULL, error) &&
              nn_classifier_scores(m->classifier, out, 2, error) &&
              nn_model_save(m, folder, true, error);
    nn_context_free(context);
    nn_model_free(m);
    return ok;
}

Test(faults, cross_encoder) {
    folder = fixture_path("saved");
    fail_in_turn(cross, "cross-encoder");
}

Test(faults, train_cross_encoder) {
    tiny_corpora();
    char data[300];
    snprintf(data, sizeof data, "evaluation.data.0.data=%s", fixture_path("nli.tsv"));
    const char *sets[] = {"max_steps=1",
                          "task=cross-encoder",
                          "train.data.0.loss=cross_entropy",
                          "evaluation.data.0.kind=classification",
                          data,
                          NULL};
    config = tiny_run_config(sets);
    fail_in_turn(train, "train a cross-encoder");
    train_config_free(config);
}

/* ---- search ---- */

enum { ROWS = 40, COLUMNS = 4 };
static search_vectors vectors;
static size_t nearest; /* of search_pairs */

static bool mine_pairs(base_error *error) {
    search_pair_options options = {SEARCH_COSINE, -HUGE_VAL, 1000, nearest};
    search_item *pairs;
    size_t count;
    bool ok = search_pairs(&vectors, &options, &pairs, &count, NULL, error);
    free(pairs);
    return ok;
}

static bool mine_bitext(base_error *error) {
    search_bitext_options options = {SEARCH_COSINE, SEARCH_MARGIN_RATIO, 3, -HUGE_VAL, 1000};
    search_item *pairs;
    size_t count;
    bool ok = search_bitext(&vectors, &vectors, &options, &pairs, &count, NULL, error);
    free(pairs);
    return ok;
}

static bool mine_negatives(base_error *error) {
    size_t start[ROWS + 1], positive[ROWS];
    for (size_t i = 0; i <= ROWS; i++)
        start[i] = i;
    for (size_t i = 0; i < ROWS; i++)
        positive[i] = i;
    search_anchors anchors = {&vectors, start, positive, NULL};
    search_negative_options options = {.count = 2,
                                       .depth = 5,
                                       .range_max = 4,
                                       .least = -1,
                                       .most = 1,
                                       .absolute = (double)NAN,
                                       .relative = (double)NAN};
    search_negatives found = {0};
    bool ok = search_negatives_find(&anchors, &vectors, &options, &found, NULL, error);
    search_negatives_free(&found);
    return ok;
}

Test(faults, search) {
    float rows[ROWS * COLUMNS];
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
        rows[i] = (float)(i * 7919 % 31) - 15;
    vectors = search_vectors_of("rows", rows, ROWS, COLUMNS);
    fail_in_turn(mine_pairs, "pairs");
    nearest = 3;
    fail_in_turn(mine_pairs, "pairs of nearest");
    fail_in_turn(mine_bitext, "bitext");
    fail_in_turn(mine_negatives, "hard negatives");
}
