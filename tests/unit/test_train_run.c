#include "base/file.h"
#include "base/log.h"
#include "base/threads.h"
#include "losses/loss.h"
#include "nn/weights.h"
#include "tests/fixture.h"
#include "tests/heap_count.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"
#include "train/run_folder.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(train, .init = tiny_corpora);

Test(train, a_run_learns_and_leaves_its_folder) {
    static const char *const sets[] = {"epochs=8", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert_eq(r.outcome.step, 80);
    cr_assert_eq(r.summary.rows, 40);
    cr_assert_eq(r.reports, 80);
    cr_assert_eq(r.evaluations, 9, "at the start and after each epoch");
    cr_assert(r.outcome.has_best && isfinite(r.outcome.best));
    cr_assert_lt(r.last_loss, 0.7 * r.first_loss);
    static const char *const files[] = {"config.json",
                                        "log.jsonl",
                                        "evaluations.jsonl",
                                        "model/model.safetensors",
                                        "model/loss/config.json",
                                        "checkpoints/step-000000080/manifest.json"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        tiny_run_crc("run", files[i]);
}

static bool check(const char *folder, base_error *error) {
    char *output = base_copy(folder, strlen(folder));
    train_config config = {.folder = output};
    bool ok = train_run_check(&config, TRAIN_NEW, error);
    free(output);
    return ok;
}

Test(train, an_output_that_cannot_be_made_is_told_before_anything_is_read) {
    base_error error = {0};
    const char *in_the_way = fixture_text("taken", "a file\n");
    static const char *const below[] = {"taken/run", "taken/more/run"};
    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
        error = (base_error){0};
        cr_expect_not(check(fixture_path(below[i]), &error));
        cr_expect_eq(error.status, BASE_BAD_INPUT);
        cr_expect(strstr(error.text, in_the_way), "%s", error.text);
    }
    error = (base_error){0};
    cr_expect(check(fixture_path("new/more/run"), &error), "%s", error.text);
    cr_expect(check("new", &error), "%s", error.text);
    cr_expect_not(base_file_exists(fixture_path("new")));
}

Test(train, the_log_has_every_step) {
    static const char *const keys[] = {"step",
                                       "epoch",
                                       "loss",
                                       "learning_rate",
                                       "grad_norm",
                                       "pairs_per_second",
                                       "tokens_per_second"};
    tiny_run_well(NULL, TRAIN_NEW, 0);
    base_error error = {0};
    base_bytes log = {0};
    cr_assert(base_file_read(fixture_path("run/log.jsonl"), &log, &error));
    size_t lines = 0;
    for (char *line = log.data, *end; (end = strchr(line, '\n')); line = end + 1) {
        cJSON *tree = base_json_parse(line, (size_t)(end - line), "log", 1, &error);
        cr_assert_not_null(tree, "%s", error.text);
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
            cr_assert(cJSON_IsNumber(base_json_get(tree, keys[i])), "%s", keys[i]);
        cr_assert_eq((size_t)base_json_get(tree, "step")->valuedouble, ++lines);
        cJSON_Delete(tree);
    }
    cr_assert_eq(lines, 10);
    base_bytes_free(&log);
}

Test(train, the_resolved_config_runs_again_with_the_same_bits) {
    tiny_run_well(NULL, TRAIN_NEW, 0);
    uint32_t first = tiny_run_crc("run", "checkpoints/step-000000010/state.safetensors");
    base_error error = {0};
    train_config *config = train_config_load(fixture_path("run/config.json"), NULL, 0, &error);
    cr_assert_not_null(config, "%s", error.text);
    train_events events = {0};
    train_outcome outcome;
    train_trainer *t = train_trainer_new(config, TRAIN_OVERWRITE, NULL, &events, &error);
    cr_assert(t && train_trainer_run(t, &outcome, &error), "%s", error.text);
    train_trainer_free(t);
    train_config_free(config);
    cr_assert_eq(first, tiny_run_crc("run", "checkpoints/step-000000010/state.safetensors"));
}

Test(train, bits_do_not_depend_on_threads_but_on_the_seed) {
    uint32_t first = 0;
    for (size_t threads = 1; threads <= 4; threads++) {
        base_error error = {0};
        cr_assert(base_threads_start(threads, &error));
        tiny_run_well(NULL, TRAIN_OVERWRITE, 0);
        uint32_t crc = tiny_run_crc("run", "checkpoints/step-000000010/model/model.safetensors");
        first = threads == 1 ? crc : first;
        cr_assert_eq(crc, first, "%zu threads", threads);
    }
    base_threads_stop();
    static const char *const other[] = {"seed=5", NULL};
    tiny_run_well(other, TRAIN_OVERWRITE, 0);
    cr_assert_neq(first, tiny_run_crc("run", "checkpoints/step-000000010/model/model.safetensors"));
}

/* All tensors of the model that a run left. */
static nn_model *last_model(size_t step) {
    base_error error = {0};
    char name[64];
    snprintf(name, sizeof name, "run/checkpoints/step-%09zu/model", step);
    nn_model *m = nn_model_load(fixture_path(name), NULL, &error);
    cr_assert_not_null(m, "%s", error.text);
    return m;
}

/* The bias of the keys adds the same to all scores of a query, which softmax does not see: its
 * gradient is rounding alone, and Adam makes steps of any size of that. */
static bool is_key_bias(const tape_param *p, size_t column, size_t hidden) {
    return p->rows == 1 && p->cols == 3 * hidden && column / hidden == 1;
}

static double largest_difference(const nn_model *m, const nn_model *n) {
    nn_params *a = m->encoder->params, *b = n->encoder->params;
    double largest = 0;
    for (size_t i = 0; i < nn_params_count(a); i++) {
        const tape_param *p = nn_params_at(a, i), *q = nn_params_at(b, i);
        for (size_t j = 0; j < p->rows * p->cols; j++)
            if (!is_key_bias(p, j, nn_encoder_width(m->encoder)))
                largest = fmax(largest, fabs((double)(p->value[j] - q->value[j])));
    }
    return largest;
}

Test(train, accumulation_equals_the_large_batch) {
    static const char *const large[] = {"batch_size=10", "learning_rate=1e-4", NULL};
    static const char *const small[] = {"batch_size=2", "accumulation=5", "learning_rate=1e-4",
                                        NULL};
    tiny_run_well(large, TRAIN_OVERWRITE, 0);
    nn_model *a = last_model(4);
    tiny_run_well(small, TRAIN_OVERWRITE, 0);
    nn_model *b = last_model(4);
    /* Adam divides small gradients by themselves; updates are 1e-4 each. */
    cr_assert_lt(largest_difference(a, b), 5e-6);
    nn_model_free(a);
    nn_model_free(b);
}

Test(train, several_corpora_take_turns) {
    static const char both_ways[] =
        "{\"data\": \"%s\", \"loss\": {\"name\": \"mnrl\", \"directions\": [\"query_to_doc\", "
        "\"doc_to_query\"], \"partition_mode\": \"per_direction\"}}";
    static const char *const each[] = {
        "{\"data\": \"%s\", \"loss\": \"mnrl\", \"rows\": \"triplets\"}",
        "{\"data\": \"%s\", \"loss\": \"cosine\", \"score_range\": [0, 5], \"weight\": 0.5}",
        both_ways,
        "{\"data\": \"%s\", \"loss\": \"softmax\"}",
    };
    static const char *const files[] = {"nli.tsv", "sts.tsv", "pairs.tsv", "nli.tsv"};
    char data[2000] = "train.data=[";
    for (size_t i = 0; i < 4; i++) {
        size_t used = strlen(data);
        snprintf(data + used, sizeof data - used, each[i], fixture_path(files[i]));
        strcat(data, i < 3 ? "," : "]");
    }
    const char *sets[] = {data, "epochs=2", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert_eq(r.summary.rows, 40 + 30 + 24 + 40);
    cr_assert(r.summary.unused > 0 && isfinite(r.last_loss));
}

typedef struct allocations {
    size_t asked, first, last;
} allocations;

static bool count_heap(void *context) {
    allocations *a = context;
    if (++a->asked == 30)
        a->first = heap_count();
    if (a->asked == 230)
        a->last = heap_count();
    return false;
}

Test(train, steps_allocate_nothing_after_warm_up) {
    if (!heap_count_works())
        cr_skip_test("heap allocations are not counted in this build");
    static const char *const sets[] = {"epochs=40",    "log_every=1000000", "evaluation.data=[]",
                                       "batch_size=3", "accumulation=2",    NULL};
    base_error error = {0};
    cr_assert(base_threads_start(2, &error));
    train_config *config = tiny_run_config(sets);
    allocations a = {0};
    train_events events = {.context = &a, .stop = count_heap};
    train_outcome outcome;
    train_trainer *t = train_trainer_new(config, TRAIN_NEW, NULL, &events, &error);
    cr_assert(t && train_trainer_run(t, &outcome, &error), "%s", error.text);
    cr_assert_eq(outcome.steps, 40 * 7);
    cr_assert_eq(a.first, a.last, "%zu allocations in 200 steps", a.last - a.first);
    train_trainer_free(t);
    train_config_free(config);
    base_threads_stop();
}

Test(train, frozen_parameters_stay) {
    static const char *const sets[] = {"model.freeze_embeddings=true", "model.freeze_layers=1",
                                       NULL};
    nn_model *before = tiny_model(0, NULL);
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    nn_model *after = last_model(10);
    cr_assert_lt(r.summary.trainable, r.summary.elements);
    size_t same = 0, changed = 0;
    for (size_t i = 0; i < nn_params_count(before->encoder->params); i++) {
        const tape_param *p = nn_params_at(before->encoder->params, i);
        const tape_param *q = nn_params_at(after->encoder->params, i);
        bool equal = !memcmp(p->value, q->value, p->rows * p->cols * sizeof(real));
        same += equal;
        changed += !equal;
        if (strstr(p->name, "embeddings") || strstr(p->name, "layer.0"))
            cr_assert(equal, "%s", p->name);
    }
    cr_assert(same > 0 && changed > 0);
    nn_model_free(before);
    nn_model_free(after);
}

Test(train, patience_stops_early) {
    static const char *const sets[] = {"epochs=50", "evaluation.patience=2", "evaluation.every=1",
                                       NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert(r.outcome.early && r.outcome.step < 500);
    cr_assert_eq(r.outcome.best_step + 2, r.outcome.step);
}

/* A head file whose scores overflow. */
static const char *bad_head(void) {
    base_error error = {0};
    nn_model *m = tiny_model(0, NULL);
    cJSON *name = cJSON_CreateString("softmax");
    loss *l = loss_new(name, &(loss_setting){.width = m->width}, "t", "", &error);
    nn_params_init(loss_params(l), 1);
    tape_param *weight = nn_params_at(loss_params(l), 0);
    for (size_t i = 0; i < weight->rows * weight->cols; i++)
        weight->value[i] = REAL(3e38);
    cr_assert(nn_weights_write(loss_params(l), "", NULL, NULL, NULL,
                               fixture_path("head.safetensors"), &error),
              "%s", error.text);
    loss_free(l);
    cJSON_Delete(name);
    nn_model_free(m);
    return fixture_path("head.safetensors");
}

Test(train, a_loss_that_is_not_finite_stops_before_the_update) {
    char head[300];
    snprintf(head, sizeof head, "loss.head=%s", bad_head());
    const char *sets[] = {head, "sampler=sequential", NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_assert_eq(error.status, BASE_FAILED, "%s", error.text);
    cr_assert(strstr(error.text, "step 1") && strstr(error.text, "lines 2, 3, 4, 5") &&
                  strstr(error.text, "nli.tsv"),
              "%s", error.text);
    cr_assert_not(base_file_exists(fixture_path("run/model")));
}

Test(train, a_run_with_nothing_to_train_is_refused) {
    char data[600];
    snprintf(data, sizeof data, "train.data=[{\"data\": \"%s\", \"loss\": \"mnrl\"}]",
             fixture_path("pairs.tsv"));
    const char *sets[] = {data, "model.freeze_embeddings=true", "model.freeze_layers=2", NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, "expected something to train"), "%s", error.text);
}

static void note_warning(void *context, base_log_level level, const char *sentence) {
    *(bool *)context |= level == BASE_LOG_WARNING && strstr(sentence, "Normalize");
}

Test(train, a_softmax_head_on_unit_vectors_is_warned_of) {
    for (int normalize = 0; normalize < 2; normalize++) {
        const char *sets[] = {normalize ? "model.normalize=true" : "model.normalize=false",
                              "max_steps=1", NULL};
        bool warned = false;
        base_log_to(note_warning, &warned);
        tiny_run_well(sets, TRAIN_OVERWRITE, 0);
        base_log_to(NULL, NULL);
        cr_assert_eq(warned, normalize == 1);
    }
}

static void note_head(void *context, base_log_level level, const char *sentence) {
    *(bool *)context |= level == BASE_LOG_INFO && strstr(sentence, "set loss.head to it");
}

Test(train, a_trained_head_that_is_left_aside_is_told_of) {
    char path[300], second[300], head[320];
    snprintf(path, sizeof path, "model.path=%s", fixture_path("run"));
    snprintf(second, sizeof second, "output=%s", fixture_path("second"));
    snprintf(head, sizeof head, "loss.head=%s", fixture_path("run/model/loss/model.safetensors"));
    const char *scratch[] = {"max_steps=1", NULL};
    tiny_run_well(scratch, TRAIN_NEW, 0);
    for (int used = 0; used < 2; used++) {
        const char *sets[] = {"model.config=null", "model.vocab=null", path, second,
                              "max_steps=1",       used ? head : NULL, NULL};
        bool told = false;
        base_log_to(note_head, &told);
        tiny_run_well(sets, TRAIN_OVERWRITE, 0);
        base_log_to(NULL, NULL);
        cr_assert_eq(told, used == 0);
    }
}

/* ---- what must be refused, without a trace ---- */

static const struct bad_run {
    const char *set, *says[3];
} bad_runs[] = {
    {"train.data.0.data=missing.tsv", {"missing.tsv"}},
    {"train.data.0.columns=[\"premise\",\"hypothesis\"]", {"nli.tsv", "premise"}},
    {"train.data.0.columns=sentence1", {"1 text columns", "softmax"}},
    {"train.data.0.target=label", {"nli.tsv", "label"}},
    {"train.data.0.labels={\"yes\":0,\"no\":1}", {"nli.tsv", "line 2", "yes"}},
    {"train.data.0.loss=cosine", {"nli.tsv", "score"}},
    {"train.data.0.format=csv", {"nli.tsv"}},
    {"train.data.0.rows=triplets", {"train.data[0].rows", "triplets", "softmax"}},
    {"train.data.0.both_directions=true", {"both_directions", "positives"}},
    {"train.data.0.labels={\"entailment\":0,\"neutral\":2,\"contradiction\":3}",
     {"no label has the number 1", "0 to 3"}},
    {"train.data.0.data=/dev/null", {"/dev/null", "regular file"}},
    {"model.vocab=nowhere.txt", {"nowhere.txt"}},
    {"model.max_seq_length=400", {"400"}},
    {"model.pooling=average", {"average"}},
    {"model.freeze_layers=9", {"9"}},
    {"loss.head=nowhere.safetensors", {"nowhere.safetensors"}},
    {"evaluation.metric=accuracy", {"evaluation.metric", "accuracy"}},
    {"evaluation.data.0.data=nowhere.tsv", {"nowhere.tsv"}},
    {"evaluation.data.0.kind=nli", {"sts.tsv", "gold_label"}},
    {"evaluation.patience=2;evaluation.data=[]", {"evaluation.patience is 2", "dev"}},
    {"train.data.0.loss=mnrl;train.data.0.target=null;batch_size=1", {"batch_size is 1", "mnrl"}},
    {"train.data.0.loss=mnrl;batch_size=2;accumulation=3", {"batch_size is 2", "at least 3"}},
    {"train.data.0.loss=batch_hard_triplet;train.data.0.columns=sentence1;accumulation=2",
     {"accumulation is 2, expected 1", "batch_hard_triplet"}},
    {"train.data.0.loss=mnrl;train.data.0.rows=triplets;train.data.0.negative=entailment",
     {"entailment", "one number"}},
    {"output=/dev/null", {"/dev/null"}},
};

/* "a=1;b=2" */
static void split(const char *all, char set[3][120]) {
    for (size_t i = 0; i < 3 && *all; i++) {
        size_t n = strcspn(all, ";");
        snprintf(set[i], 120, "%.*s", (int)n, all);
        all += n + (all[n] == ';');
    }
}

Test(train, wrong_input_is_refused_and_leaves_nothing) {
    for (size_t i = 0; i < sizeof bad_runs / sizeof bad_runs[0]; i++) {
        char set[3][120] = {"seed=0", "seed=0", "seed=0"};
        const char *sets[] = {set[0], set[1], set[2], NULL};
        base_error error = {0};
        split(bad_runs[i].set, set);
        tiny_run_result r;
        cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error), "%s was taken", bad_runs[i].set);
        cr_assert_eq(error.status, BASE_BAD_INPUT, "%s: %s", bad_runs[i].set, error.text);
        for (size_t j = 0; j < 3 && bad_runs[i].says[j]; j++)
            cr_assert(strstr(error.text, bad_runs[i].says[j]), "%s gives \"%s\", without \"%s\"",
                      bad_runs[i].set, error.text, bad_runs[i].says[j]);
        cr_assert_not(base_file_exists(fixture_path("run")), "%s", bad_runs[i].set);
    }
}

/* Every file of an entry; no name breaks out of the line. */
Test(train, the_card_has_all_files_and_no_markup_of_their_names) {
    base_error error = {0};
    base_bytes card = {0};
    static const char rows[] =
        "gold_label\tsentence1\tsentence2\nneutral\ta\tb\nentailment\tb\tc\n";
    fixture_text("one.tsv", rows);
    fixture_text("t`w\n# o.tsv", rows);
    char *set = base_format("train.data=[{\"data\":[\"%s/one.tsv\",\"%s/t`w\\n# o.tsv\"]}]",
                            fixture_folder(), fixture_folder());
    tiny_run_well((const char *[]){set, "evaluation.data=[]", NULL}, TRAIN_NEW, 0);
    cr_assert(base_file_read(fixture_path("run/model/README.md"), &card, &error));
    cr_expect(strstr(card.data, "- `one.tsv`, `t'w\\x0a# o.tsv`: 4 rows"), "%s", card.data);
    free(set);
    base_bytes_free(&card);
}

Test(train, the_model_s_card_has_data_scores_and_recipe) {
    static const char *const parts[] = {
        "## Training data\n\n- `nli.tsv`: 40 rows of 2 texts, loss softmax\n",
        "## Scores\n\n- `sts.tsv`, 30 pairs, after step ", ": spearman_cosine ",
        "## Recipe\n\n- 10 steps of 4 rows, seed 0\n- AdamW: learning rate 0.01, schedule linear"};
    base_error error = {0};
    base_bytes card = {0};
    tiny_run_well(NULL, TRAIN_NEW, 0);
    cr_assert(base_file_read(fixture_path("run/model/README.md"), &card, &error));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cr_expect(strstr(card.data, parts[i]), "no \"%s\" in %s", parts[i], card.data);
    base_bytes_free(&card);
}

typedef struct reports {
    size_t tokenised, evaluations, evaluated, total;
} reports;

static void note_work(void *context, const char *what, size_t done, size_t total) {
    reports *r = context;
    if (strcmp(what, "evaluating")) {
        r->tokenised = done;
        return;
    }
    cr_expect(done == 0 || done > r->evaluated, "back from %zu to %zu", r->evaluated, done);
    r->evaluations += done == 0;
    r->evaluated = done;
    r->total = total;
}

/* More pairs than are encoded at once, before the first step and after the last. */
Test(train, an_evaluation_counts_the_texts_of_the_whole_file) {
    enum { PAIRS = 9000 };
    base_error error = {0};
    base_bytes text = {0};
    char path[300];
    base_bytes_format(&text, &error, "score\tsentence1\tsentence2\n");
    for (int i = 0; i < PAIRS; i++)
        base_bytes_format(&text, &error, "%d\ta b\tc d\n", i % 6);
    snprintf(path, sizeof path, "evaluation.data.0.data=%s", fixture_text("many.tsv", text.data));
    base_bytes_free(&text);
    const char *sets[] = {"max_steps=1", path, NULL};
    train_config *config = tiny_run_config(sets);
    reports r = {0};
    train_events events = {.context = &r, .working = note_work};
    train_outcome outcome;
    train_trainer *t = train_trainer_new(config, TRAIN_NEW, NULL, &events, &error);
    cr_assert_not_null(t, "%s", error.text);
    cr_expect_gt(r.tokenised, 0);
    cr_assert(train_trainer_run(t, &outcome, &error), "%s", error.text);
    cr_expect_eq(r.evaluations, 2);
    cr_expect_eq(r.total, 2 * PAIRS);
    cr_expect_geq(r.evaluated, 2 * 8192);
    train_trainer_free(t);
    train_config_free(config);
}
