/* Options of a run that change how it trains, by small runs. */
#include "base/file.h"
#include "base/log.h"
#include "tests/fixture.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(train_options, .init = tiny_corpora);

enum { MOST_SETS = 12 };

/* The model that a run ends with, by its checksum; no evaluation chooses one. */
static uint32_t weights(const char *const *sets) {
    const char *all[MOST_SETS] = {"evaluation.data=[]", "clip=0", "epochs=0.5"};
    for (size_t i = 0; sets[i]; i++)
        all[i + 3] = sets[i];
    tiny_run_well(all, TRAIN_OVERWRITE, 0);
    return tiny_run_crc("run", "model/model.safetensors");
}
#define WEIGHTS(...) weights((const char *const[]){__VA_ARGS__, NULL})

/* The sentence with which a run is refused. */
static void refuse(const char *set, const char *sentence) {
    const char *sets[] = {set, NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_OVERWRITE, 0, &r, &error), "%s", set);
    cr_assert_eq(error.status, BASE_BAD_INPUT, "%s", error.text);
    cr_assert_str_eq(error.text, sentence);
}

/* ---- rates by layer and name ---- */

Test(train_options, a_learning_rate_of_0_by_name_is_frozen) {
    uint32_t frozen = WEIGHTS("model.freeze_embeddings=true");
    cr_assert_eq(frozen, WEIGHTS("parameters=[{\"names\": \"^encoder\\\\.embeddings\", "
                                 "\"learning_rate\": 0}]"));
    cr_assert_neq(frozen, WEIGHTS("seed=0"));
}

Test(train_options, layer_decay_is_a_learning_rate_for_each_layer) {
    uint32_t decayed = WEIGHTS("learning_rate=0.0078125", "layer_decay=0.5");
    cr_assert_eq(decayed,
                 WEIGHTS("learning_rate=0.0078125",
                         "parameters=[{\"names\": \"embeddings\", \"learning_rate\": 0.001953125}, "
                         "{\"names\": \"layer\\\\.0\\\\.\", \"learning_rate\": 0.00390625}]"));
    cr_assert_neq(decayed, WEIGHTS("learning_rate=0.0078125"));
}

Test(train_options, weight_decay_by_name) {
    uint32_t none = WEIGHTS("weight_decay=0");
    cr_assert_eq(none, WEIGHTS("parameters=[{\"names\": \".\", \"weight_decay\": 0}]"));
    /* also on biases, which else have none */
    uint32_t some = WEIGHTS("weight_decay=0.5");
    cr_assert_neq(none, some);
    cr_assert_neq(some, WEIGHTS("parameters=[{\"names\": \".\", \"weight_decay\": 0.5}]"));
}

Test(train_options, the_last_pattern_counts) {
    cr_assert_eq(WEIGHTS("parameters=[{\"names\": \".\", \"learning_rate\": 0.02}, "
                         "{\"names\": \"^\", \"learning_rate\": 0.01}]"),
                 WEIGHTS("seed=0"));
}

Test(train_options, wrong_patterns_are_refused) {
    refuse("parameters=[{\"names\": \"pooler\", \"learning_rate\": 0}]",
           "tiny.json: parameters[0].names, \"pooler\", matches no parameter that is trained; "
           "expected a regular expression for names such as "
           "encoder.embeddings.word_embeddings.weight");
    static const char *const frozen[] = {"model.freeze_embeddings=true",
                                         "parameters=[{\"names\": \"x\", \"learning_rate\": 0}]",
                                         NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_expect_not(tiny_run(frozen, TRAIN_NEW, 0, &r, &error));
    cr_expect(strstr(error.text, "such as encoder.encoder.layer.0."), "%s", error.text);
    refuse("average=1", "tiny.json: average is 1, expected a number from 0 to 0.9999999");
    refuse("parameters=[{\"names\": \"(\", \"learning_rate\": 0}]",
           "tiny.json: parameters[0].names, \"(\", is no regular expression: Unmatched ( or \\(");
    refuse("parameters=[{\"names\": \"query\", \"learning_rate\": 0}]",
           "tiny.json: parameters[0].names matches "
           "encoder.encoder.layer.0.attention.self.query.weight but not "
           "encoder.encoder.layer.0.attention.self.value.weight, which is trained as one with it; "
           "expected a pattern that matches both");
    refuse(
        "parameters=[{\"names\": \"query\"}]",
        "tiny.json: parameters[0] changes nothing, expected learning_rate or weight_decay in it");
    refuse("layer_decay=0", "tiny.json: layer_decay is 0, expected a number from 1e-06 to 1");
    refuse("parameters=[{\"learning_rate\": 0}]",
           "tiny.json: parameters[0].names is missing, expected a regular expression");
}

/* ---- heads first ---- */

/* A run of 5 steps; with the learning rate 0 everything stays as it was at first. */
Test(train_options, first_steps_train_the_head_alone) {
    uint32_t first = WEIGHTS("learning_rate=0");
    uint32_t first_head = tiny_run_crc("run", "model/loss/model.safetensors");
    cr_assert_eq(first, WEIGHTS("head_only_steps=5"));
    cr_assert_neq(first_head, tiny_run_crc("run", "model/loss/model.safetensors"));
    cr_assert_neq(first, WEIGHTS("head_only_steps=4"));
}

Test(train_options, heads_first_wants_a_head) {
    char data[300];
    snprintf(data, sizeof data, "train.data=[{\"data\": \"%s\", \"loss\": \"mnrl\"}]",
             fixture_path("pairs.tsv"));
    const char *sets[] = {data, "head_only_steps=1", NULL};
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(sets, TRAIN_NEW, 0, &r, &error));
    cr_assert_str_eq(error.text,
                     "tiny.json: head_only_steps is 1, but no loss has parameters of its own");
}

/* ---- the average of the weights ---- */

static nn_model *model_at(const char *name) {
    base_error error = {0};
    nn_model *m = nn_model_load(fixture_path(name), NULL, &error);
    cr_assert(m, "%s", error.text);
    return m;
}

enum { AVERAGED = 6, MOST_ELEMENTS = 4096 };

static const char *const averaged[] = {"average=0.5",        "max_steps=6",
                                       "checkpoint.every=1", "checkpoint.keep=9",
                                       "evaluation.data=[]", NULL};

/* The average of what the checkpoints have, from the first weights on. */
static void fill_mean(size_t tensor, double *mean) {
    char name[64];
    for (size_t step = 0; step <= AVERAGED; step++) {
        snprintf(name, sizeof name, "run/checkpoints/step-%09zu/model", step);
        nn_model *m = step ? model_at(name) : tiny_model(0, NULL);
        const tape_param *p = nn_params_at(m->encoder->params, tensor);
        cr_assert_leq(p->rows * p->cols, MOST_ELEMENTS);
        double d = step ? fmin(0.5, (1 + (double)step) / (10 + (double)step)) : 0;
        for (size_t i = 0; i < p->rows * p->cols; i++)
            mean[i] =
                step ? mean[i] + (1 - d) * ((double)p->value[i] - mean[i]) : (double)p->value[i];
        nn_model_free(m);
    }
}

static void expect_average(size_t tensor) {
    static double mean[MOST_ELEMENTS];
    double farthest = 0;
    fill_mean(tensor, mean);
    nn_model *saved = model_at("run/model");
    nn_model *last = model_at("run/checkpoints/step-000000006/model");
    const tape_param *p = nn_params_at(saved->encoder->params, tensor);
    const tape_param *q = nn_params_at(last->encoder->params, tensor);
    for (size_t i = 0; i < p->rows * p->cols; i++) {
        cr_assert_float_eq((double)p->value[i], mean[i], 1e-6, "%s[%zu]", p->name, i);
        farthest = fmax(farthest, fabs((double)p->value[i] - (double)q->value[i]));
    }
    cr_assert_gt(farthest, 1e-3);
    nn_model_free(saved);
    nn_model_free(last);
}

/* Also of the word table, whose rows are updated late. */
Test(train_options, the_saved_model_is_the_average) {
    tiny_run_well(averaged, TRAIN_NEW, 0);
    nn_model *m = tiny_model(0, NULL);
    size_t tensors = nn_params_count(m->encoder->params);
    nn_model_free(m);
    for (size_t i = 0; i < tensors; i++)
        expect_average(i);
}

Test(train_options, a_resumed_average_has_the_same_bits) {
    tiny_run_well(averaged, TRAIN_NEW, 0);
    uint32_t model = tiny_run_crc("run", "model/model.safetensors");
    uint32_t head = tiny_run_crc("run", "model/loss/model.safetensors");
    tiny_run_well(averaged, TRAIN_OVERWRITE, 3);
    tiny_run_well(averaged, TRAIN_RESUME, 0);
    cr_assert_eq(tiny_run_crc("run", "model/model.safetensors"), model);
    cr_assert_eq(tiny_run_crc("run", "model/loss/model.safetensors"), head);
}

/* The dev score, of the model in training, is that of the saved folder, by which tests are made. */
Test(train_options, the_average_is_evaluated) {
    char data[700], *log;
    base_bytes lines = {0};
    base_error error = {0};
    snprintf(data, sizeof data,
             "evaluation.data=[{\"data\": \"%s\"}, {\"data\": \"%s\", \"when\": \"test\"}]",
             fixture_path("sts.tsv"), fixture_path("sts.tsv"));
    const char *sets[] = {
        data,       "average=0.5", "max_steps=1", "evaluation.at_start=false", "learning_rate=0.1",
        "warmup=0", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert(base_file_read(fixture_path("run/evaluations.jsonl"), &lines, &error));
    log = lines.data;
    const char *dev = strstr(log, "\"spearman_cosine\":");
    cr_assert(dev);
    const char *test = strstr(dev + 1, "\"spearman_cosine\":");
    cr_assert(test && !strncmp(dev, test, strcspn(dev, ",")), "%s", log);
    base_bytes_free(&lines);
}

/* ---- evaluations and checkpoints ---- */

Test(train_options, no_evaluation_before_the_delay) {
    static const char *const sets[] = {"evaluation.every=1", "evaluation.delay=8",
                                       "evaluation.at_start=false", NULL};
    cr_assert_eq(tiny_run_well(sets, TRAIN_NEW, 0).evaluations, 3);
    static const char *const late[] = {"evaluation.delay=99", "evaluation.at_start=false", NULL};
    cr_assert_eq(tiny_run_well(late, TRAIN_OVERWRITE, 0).evaluations, 1); /* at the end */
}

static bool count_pass(void *context, size_t done, size_t total) {
    (void)done, (void)total;
    ++*(size_t *)context;
    return true;
}

Test(train_options, passes_have_so_many_tokens) {
    base_error error = {0};
    nn_model *m = tiny_model(0, NULL);
    data_text texts[TINY_TEXTS];
    float out[TINY_TEXTS * 12];
    for (size_t i = 0; i < TINY_TEXTS; i++)
        texts[i] = (data_text){tiny_texts[i], strlen(tiny_texts[i])};
    for (size_t tokens = 0; tokens < 2; tokens++) {
        size_t passes = 0;
        nn_context *context = nn_context_new(&error);
        base_progress progress = {count_pass, &passes};
        nn_context_progress(context, &progress);
        nn_context_tokens(context, tokens);
        /* the second call, with a longer text, makes a larger tape */
        cr_assert(nn_model_encode(m, context, texts, 1, 0, out, NULL, &error));
        passes = 0;
        cr_assert(nn_model_encode(m, context, texts, TINY_TEXTS, 0, out, NULL, &error));
        cr_assert(tokens ? passes > 1 : passes == 1, "%zu passes", passes);
        nn_context_free(context);
    }
    nn_model_free(m);
}

Test(train_options, keys_of_evaluations_want_some) {
    refuse("evaluation={\"delay\": 3}",
           "tiny.json: evaluation.delay is 3, but evaluation.data has no entry with when \"dev\"");
    refuse("evaluation={\"batch_tokens\": 64}",
           "tiny.json: evaluation.batch_tokens is 64, but evaluation.data has no entry");
}

Test(train_options, checkpoints_of_models_alone) {
    static const char *const sets[] = {"checkpoint.model_only=true", "checkpoint.every=4",
                                       "checkpoint.keep=2",          "average=0.9",
                                       "evaluation.data=[]",         NULL};
    static const char *const again[] = {"evaluation.data=[]", "average=0.9", NULL};
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert_not(r.outcome.resumable);
    cr_assert_not(base_file_exists(fixture_path("run/checkpoints/step-000000004/model")));
    cr_assert(base_file_exists(fixture_path("run/checkpoints/step-000000008/model")));
    cr_assert_not(base_file_exists(fixture_path("run/checkpoints/step-000000010/state.json")));
    static const char *const files[] = {"model.safetensors", "loss/model.safetensors"};
    for (size_t i = 0; i < 2; i++) {
        char last[100], kept[100];
        snprintf(last, sizeof last, "model/%s", files[i]);
        snprintf(kept, sizeof kept, "checkpoints/step-000000010/model/%s", files[i]);
        cr_assert_eq(tiny_run_crc("run", last), tiny_run_crc("run", kept), "%s", kept);
    }
    base_error error = {0};
    cr_assert_not(tiny_run(sets, TRAIN_RESUME, 0, &r, &error));
    cr_assert_str_eq(error.text,
                     "tiny.json: checkpoint.model_only is true: checkpoints are models alone, from "
                     "which --resume cannot go on; expected false, or a new run with model.path");
    error = (base_error){0};
    cr_assert_not(tiny_run(again, TRAIN_RESUME, 0, &r, &error));
    cr_assert(strstr(error.text, "models alone; start again with --overwrite"), "%s", error.text);
}

/* ---- a batch size by memory ---- */

static void note_choice(void *context, base_log_level level, const char *sentence) {
    (void)level;
    if (strstr(sentence, "batch_size \"auto\""))
        snprintf(context, 200, "%s", sentence);
}

/* The batch_size in the run's config. */
static size_t resolved_rows(void) {
    base_error error = {0};
    cJSON *tree = base_json_file(fixture_path("run/config.json"), &error);
    cr_assert(tree, "%s", error.text);
    size_t rows = (size_t)base_json_get(tree, "batch_size")->valuedouble;
    cJSON_Delete(tree);
    return rows;
}

Test(train_options, the_largest_batch_that_fits_is_chosen_and_stays) {
    static const char *const sets[] = {"batch_size=auto",    "memory_limit=4",
                                       "evaluation.data=[]", "epochs=3",
                                       "checkpoint.every=1", NULL};
    char said[200] = "", fixed[40], more[40];
    base_log_to(note_choice, said);
    tiny_run_well(sets, TRAIN_NEW, 0);
    base_log_to(NULL, NULL);
    size_t rows = resolved_rows();
    uint32_t whole = tiny_run_crc("run", "model/model.safetensors");
    cr_assert(rows > 1 && rows < 40, "%zu", rows);
    snprintf(fixed, sizeof fixed, "\"auto\": %zu rows", rows);
    cr_assert(strstr(said, fixed), "%s", said);
    /* resumed without being chosen again, also with another limit */
    tiny_run_well(sets, TRAIN_OVERWRITE, 2);
    static const char *const roomy[] = {"batch_size=auto",    "memory_limit=400",
                                        "evaluation.data=[]", "epochs=3",
                                        "checkpoint.every=1", NULL};
    tiny_run_well(roomy, TRAIN_RESUME, 0);
    cr_assert_eq(resolved_rows(), rows);
    cr_assert_eq(tiny_run_crc("run", "model/model.safetensors"), whole);
    /* the same as that number, and one row more is too many */
    snprintf(fixed, sizeof fixed, "batch_size=%zu", rows);
    snprintf(more, sizeof more, "batch_size=%zu", rows + 1);
    const char *number[] = {fixed, "memory_limit=4", "evaluation.data=[]", "epochs=3", NULL};
    tiny_run_well(number, TRAIN_OVERWRITE, 0);
    cr_assert_eq(tiny_run_crc("run", "model/model.safetensors"), whole);
    number[0] = more;
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(number, TRAIN_OVERWRITE, 0, &r, &error));
    cr_assert(strstr(error.text, "memory_limit is 4, but parameters and a batch of"), "%s",
              error.text);
}

Test(train_options, a_corpus_ends_the_search) {
    static const char *const sets[] = {"batch_size=auto", "memory_limit=100000", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    cr_assert_eq(resolved_rows(), 40);
}

Test(train_options, a_batch_size_by_memory_wants_a_limit) {
    base_error error = {0};
    tiny_run_result r;
    refuse("memory_limit=1", "tiny.json: memory_limit is 1, but parameters and a batch of 4 rows "
                             "may take 3 MiB");
    static const char *const small[] = {"batch_size=auto", "memory_limit=1", NULL};
    cr_assert_not(tiny_run(small, TRAIN_NEW, 0, &r, &error));
    cr_assert(strstr(error.text, "memory_limit is 1, but parameters and a batch of 1 row may take"),
              "%s", error.text);
    cJSON *tree = cJSON_Parse("{\"model\": {\"path\": \"m\"}, \"train\": {\"data\": [{\"data\": "
                              "\"a\"}]}, \"batch_size\": \"auto\"}");
    error = (base_error){0};
    cr_assert_not(train_config_from(tree, "a.json", NULL, 0, &error));
    cr_assert_str_eq(error.text,
                     "a.json: batch_size is \"auto\", but there is no memory_limit, expected one");
}
