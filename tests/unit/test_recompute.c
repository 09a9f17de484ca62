/* Layers that are computed again for backward: the same bits as without, in less memory. Gradients
 * of op_recompute are before the judge. */
#include "tests/fixture.h"
#include "tests/tiny_run.h"

#include "autograd/op.h"
#include "base/threads.h"
#include "nn/model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(recompute, .init = tiny_corpora);

enum { MOST_SETS = 8 };

/* What is trained in which way; all with dropout. */
static const struct run {
    const char *sets[MOST_SETS];
} runs[] = {
    {{"batch_size=6", "accumulation=2"}},
    {{"train.data.0.loss=mnrl", "train.data.0.rows=triplets", "batch_size=6", "cached=4"}},
    {{"train.data.0.loss={\"name\": \"adaptive_layer\", \"loss\": \"softmax\"}"}},
    {{"train.data.0.loss={\"name\": \"adaptive_layer\", \"loss\": {\"name\": \"matryoshka\", "
      "\"loss\": \"mnrl\", \"dims\": [8, 4]}}",
      "train.data.0.rows=positives"}},
    {{"train.data.0.loss={\"name\": \"tsdae\", \"tied\": true}",
      "train.data.0.columns=[\"sentence1\"]", "train.data.0.noise=0.6"}},
    {{"train.data.0.loss={\"name\": \"tsdae\", \"tied\": false}",
      "train.data.0.columns=[\"sentence1\"]", "train.data.0.noise=0.6"}},
    {{"lora.rank=2", "lora.dropout=0.1", "lora.targets=all-linear",
      "model.path=tests/golden/tiny/model", "model.config=null", "model.vocab=null"}},
    {{"model.freeze_embeddings=true", "model.freeze_layers=1"}},
    {{"model.freeze_embeddings=true", "model.freeze_layers=2"}},
    {{"task=cross-encoder", "train.data.0.loss=cross_entropy", "evaluation.data=[]"}},
};

/* Every family but BERT: what it shares between layers and puts before or behind them. */
static const char *const families[] = {"distil", "roberta", "mpnet", "albert", "modern", "modules"};

static const tiny_run_result *run(const char *const *sets, const char *recompute,
                                  const char *weights, uint32_t *crc) {
    static tiny_run_result result;
    const char *all[MOST_SETS + 2] = {recompute};
    for (size_t i = 0; i < MOST_SETS && sets[i]; i++)
        all[i + 1] = sets[i];
    result = tiny_run_well(all, TRAIN_OVERWRITE, 0);
    *crc = tiny_run_crc("run", weights);
    return &result;
}

static void expect_same(const char *const *sets, const char *weights) {
    uint32_t kept_crc, crc;
    tiny_run_result kept = *run(sets, "recompute=false", weights, &kept_crc),
                    again = *run(sets, "recompute=true", weights, &crc);
    cr_expect(!memcmp(&kept.first_loss, &again.first_loss, sizeof(double)), "%s", sets[0]);
    cr_expect(!memcmp(&kept.last_loss, &again.last_loss, sizeof(double)), "%s", sets[0]);
    cr_expect_eq(kept_crc, crc, "%s", sets[0]);
}

Test(recompute, bits_are_the_same) {
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        bool adapters = strncmp(runs[i].sets[0], "lora", 4) == 0;
        expect_same(runs[i].sets,
                    adapters ? "model/adapter_model.safetensors" : "model/model.safetensors");
    }
}

Test(recompute, bits_are_the_same_in_every_family) {
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        char path[100];
        snprintf(path, sizeof path, "model.path=tests/golden/%s/model", families[i]);
        const char *sets[MOST_SETS] = {path, "model.config=null", "model.vocab=null",
                                       "model.attention_dropout=0.1"};
        expect_same(sets, "model/model.safetensors");
    }
}

Test(recompute, bits_do_not_depend_on_threads) {
    uint32_t first = 0, crc;
    for (size_t threads = 1; threads <= 3; threads++) {
        base_error error = {0};
        cr_assert(base_threads_start(threads, &error));
        run(runs[1].sets, "recompute=true", "model/model.safetensors", &crc);
        first = threads == 1 ? crc : first;
        cr_assert_eq(crc, first, "%zu threads", threads);
    }
    base_threads_stop();
}

Test(recompute, a_run_can_be_resumed_with_it) {
    static const char *const without[] = {"recompute=false", NULL}, *const with[] = {
                                                                        "recompute=true", NULL};
    tiny_run_well(without, TRAIN_OVERWRITE, 0);
    uint32_t whole = tiny_run_crc("run", "model/model.safetensors");
    tiny_run_well(without, TRAIN_OVERWRITE, 4);
    tiny_run_well(with, TRAIN_RESUME, 0);
    cr_expect_eq(whole, tiny_run_crc("run", "model/model.safetensors"));
}

/* One pass over 64 texts through 12 layers: what a tape has room for, and what it takes. */
static size_t peak_of(bool recompute, size_t *room) {
    enum { TEXTS = 64, LENGTH = 16, TOKENS = TEXTS * LENGTH };
    static const char config[] =
        "{\"model_type\": \"bert\", \"hidden_size\": 32, \"num_hidden_layers\": 12, "
        "\"num_attention_heads\": 2, \"intermediate_size\": 64, \"vocab_size\": 37, "
        "\"max_position_embeddings\": 16, \"hidden_act\": \"gelu\"}";
    base_error error = {0};
    cJSON *tree = cJSON_Parse(config);
    nn_encoder *e = nn_encoder_new(tree, "test", &error);
    cr_assert(e && nn_params_train(e->params, &error), "%s", error.text);
    nn_params_init(e->params, 1);
    uint32_t start[TEXTS + 1], ids[TOKENS];
    for (size_t i = 0; i <= TEXTS; i++)
        start[i] = (uint32_t)(i * LENGTH);
    for (size_t i = 0; i < TOKENS; i++)
        ids[i] = (uint32_t)(i % 37);
    tape_layout layout = {.texts = TEXTS, .tokens = TOKENS, .start = start, .ids = ids};
    e->transformer.recompute = recompute;
    cr_assert(nn_encoder_tape_bytes(e, TOKENS, TEXTS, true, room));
    tape *t = tape_new(*room, 1 << 26, &error);
    tape_begin(t, &(tape_mode){.record = true, .dropout = true});
    tape_node *y = nn_encoder_forward(e, t, &layout, NULL);
    cr_assert(y && tape_backward(t, y, y->value), "%s", tape_error(t)->text);
    size_t peak = tape_peak_bytes(t);
    tape_free(t);
    nn_encoder_free(e);
    cJSON_Delete(tree);
    return peak;
}

Test(recompute, memory_is_that_of_a_layer_and_the_outputs) {
    size_t room, less_room, peak = peak_of(false, &room), less = peak_of(true, &less_room);
    cr_expect_lt(less, peak / 4, "%zu bytes, without %zu", less, peak);
    cr_expect_lt(less_room, room / 2, "%zu bytes are reserved, without %zu", less_room, room);
}

static tape_node *build_narrow(const op_part *part, tape *t, tape_node *const *in) {
    (void)part;
    return op_columns(t, in[0], 0, 1);
}

static tape_node *build_wrong(const op_part *part, tape *t, tape_node *const *in) {
    (void)part;
    return op_columns(t, in[0], 0, 3);
}

Test(recompute, errors_of_a_part_are_the_pass_s) {
    static const op_part narrow = {build_narrow}, wrong = {build_wrong};
    base_error error = {0};
    real numbers[4] = {0};
    tape *t = tape_new(1 << 20, 1 << 20, &error);
    tape_begin(t, &(tape_mode){.record = true});
    tape_node *x = tape_input(t, 2, 2, numbers);
    cr_expect_null(op_recompute(t, &x, 1, &narrow, sizeof narrow));
    cr_expect_str_eq(tape_error(t)->text, "op recompute: the part is [2, 1], expected [2, 2] as x");
    tape_begin(t, &(tape_mode){.record = true});
    x = tape_input(t, 2, 2, numbers);
    cr_expect_null(op_recompute(t, &x, 1, &wrong, sizeof wrong));
    cr_expect_str_eq(tape_error(t)->text,
                     "op columns: 3 columns from column 0 are not in x [2, 2]");
    tape_free(t);
}
