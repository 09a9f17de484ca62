/* Adapters (nn/lora.h): what is trained and saved, resumed, merged, read again, and refused.
 * Numbers against peft are in tests/test_golden_lora.c, gradients before the judge. */
#include "base/file.h"
#include "nn/safetensors.h"
#include "tests/fixture.h"
#include "tests/program.h"
#include "tests/tiny_model.h"
#include "tests/tiny_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(lora, .init = tiny_corpora);

enum { MOST_SETS = 12 };

/* Adapters for $D/base, and more settings (NULL-terminated). */
static const char *const *adapted(const char *const *more) {
    static const char *sets[MOST_SETS];
    static char path[300];
    size_t count = 0;
    snprintf(path, sizeof path, "model.path=%s", fixture_path("base"));
    sets[count++] = "model.config=null";
    sets[count++] = "model.vocab=null";
    sets[count++] = path;
    for (; more && *more; more++)
        sets[count++] = *more;
    sets[count] = NULL;
    return sets;
}

static const char *const usual[] = {"lora.rank=2", "lora.dropout=0.1",
                                    "lora.targets=[\"key\", \"output.dense\"]", NULL};

static void train_usual(void) {
    tiny_folder("base");
    tiny_run_well(adapted(usual), TRAIN_NEW, 0);
}

static void expect_refused(const char *const *more, train_start start, const char *part) {
    base_error error = {0};
    tiny_run_result r;
    cr_assert_not(tiny_run(adapted(more), start, 0, &r, &error), "%s", part);
    cr_expect_eq(error.status, BASE_BAD_INPUT);
    cr_expect(strstr(error.text, part), "%s, expected %s", error.text, part);
}

/* The largest between two numbers of the embeddings, as part of the largest number. */
static double difference(const nn_model *a, const nn_model *b) {
    size_t count = TINY_TEXTS * a->width;
    float *x = tiny_encode(a, tiny_texts, TINY_TEXTS, 0),
          *y = tiny_encode(b, tiny_texts, TINY_TEXTS, 0), *zero = calloc(count, sizeof *zero);
    double most = tiny_difference(x, y, count) / tiny_difference(x, zero, count);
    free(x);
    free(y);
    free(zero);
    return most;
}

/* Key alone, though the encoder packs it with query and value; attention.output.dense and
 * output.dense; of two layers. */
Test(lora, adapters_and_the_head_are_trained_and_nothing_else) {
    base_error error = {0};
    train_usual();
    nn_safetensors *state = nn_safetensors_open(
        fixture_path("run/checkpoints/step-000000010/state.safetensors"), &error);
    cr_assert(state, "%s", error.text);
    size_t adapters = 0;
    for (size_t i = 0; i < nn_safetensors_count(state); i++) {
        const char *name = nn_safetensors_at(state, i)->name;
        cr_expect(!strncmp(name, "lora.", 5) || !strncmp(name, "loss0.", 6), "%s", name);
        adapters += !strncmp(name, "lora.m.", 7);
    }
    nn_safetensors_close(state);
    cr_expect_eq(adapters, 2 * 3 * 2);
    cr_expect_not(base_file_exists(fixture_path("run/model/model.safetensors")));
    cr_expect_not(base_file_exists(fixture_path("run/model/config.json")));
    nn_model *base = tiny_load(fixture_path("base"), NULL),
             *trained = tiny_load(fixture_path("run"), NULL);
    cr_expect_gt(difference(base, trained), 1e-3);
    for (size_t i = 0; i < nn_params_count(base->encoder->params); i++) {
        const tape_param *a = nn_params_at(base->encoder->params, i),
                         *b = nn_params_at(trained->encoder->params, i);
        cr_expect_not(memcmp(a->value, b->value, a->rows * a->cols * sizeof(real)), "%s", a->name);
    }
    nn_model_free(base);
    nn_model_free(trained);
}

Test(lora, a_run_that_was_resumed_has_the_same_bits) {
    tiny_folder("base");
    tiny_run_result whole = tiny_run_well(adapted(usual), TRAIN_NEW, 0);
    uint32_t adapters = tiny_run_crc("run", "model/adapter_model.safetensors"),
             config = tiny_run_crc("run", "model/adapter_config.json");
    tiny_run_well(adapted(usual), TRAIN_OVERWRITE, 4);
    tiny_run_result rest = tiny_run_well(adapted(usual), TRAIN_RESUME, 0);
    cr_expect_eq(rest.summary.first_step, 4);
    cr_expect(rest.last_loss >= whole.last_loss && rest.last_loss <= whole.last_loss);
    cr_expect_eq(tiny_run_crc("run", "model/adapter_model.safetensors"), adapters);
    cr_expect_eq(tiny_run_crc("run", "model/adapter_config.json"), config);
}

/* B is 0 at first. */
Test(lora, new_adapters_change_nothing) {
    base_error error = {0};
    tiny_folder("base");
    nn_model *base = tiny_load(fixture_path("base"), NULL),
             *m = tiny_load(fixture_path("base"), NULL);
    cr_assert(nn_model_adapt(m, &(nn_lora_settings){.rank = 3, .alpha = 8}, 1, "test", &error));
    cr_expect_eq(m->lora->count, 4);
    cr_expect_str_eq(m->lora->adapter[1].name, "encoder.layer.0.attention.self.value");
    tiny_expect_same(base, m);
    nn_model_free(base);
    nn_model_free(m);
}

Test(lora, merged_weights_give_the_same_embeddings) {
    static const char *const more[] = {
        "lora.rank=3",          "lora.rslora=true",        "lora.merge=true",
        "model.normalize=true", "lora.targets=all-linear", NULL};
    tiny_folder("base");
    tiny_run_well(adapted(more), TRAIN_NEW, 0);
    nn_model *unmerged = tiny_load(fixture_path("run"), NULL),
             *merged = tiny_load(fixture_path("run/merged"), NULL);
    cr_expect_eq(unmerged->lora->count, 12);
    cr_expect_null(merged->lora);
    cr_expect_leq(difference(unmerged, merged), 1e-6);
    cr_expect(base_file_exists(fixture_path("run/merged/loss/model.safetensors")));
    nn_model_free(merged);
    nn_model_free(unmerged);
}

Test(lora, convert_keeps_adapters_or_merges_them) {
    train_usual();
    program_expect("convert $D/run --out $D/again 2>/dev/null", 0, "");
    program_expect(
        "help >/dev/null; for f in adapter_config.json adapter_model.safetensors; do cmp "
        "$D/run/model/$f $D/again/$f; done",
        0, "");
    program_expect("convert $D/run --merge --out $D/merged 2>/dev/null", 0, "");
    nn_model *a = tiny_load(fixture_path("run"), NULL),
             *b = tiny_load(fixture_path("merged"), NULL);
    cr_expect_leq(difference(a, b), 1e-6);
    nn_model_free(a);
    nn_model_free(b);
    program_expect_part("convert $D/base --merge --out $D/no", 2, "it has no adapters");
    program_expect_part("convert $D/run --layers 0 --out $D/no", 2, "adapters are for all layers");
}

/* A folder of adapters alone, as peft saves it, is the base model's in all else. */
Test(lora, adapters_alone_take_the_rest_from_their_base) {
    train_usual();
    program_expect("help >/dev/null; mkdir $D/alone && cp $D/run/model/adapter* $D/alone", 0, "");
    nn_model_options options = nn_model_as_is;
    options.max_length = 12; /* the run's, which its model folder says */
    nn_model *a = tiny_load(fixture_path("run"), NULL),
             *b = tiny_load(fixture_path("alone"), &options);
    tiny_expect_same(a, b);
    nn_model_free(a);
    nn_model_free(b);
    program_expect("help >/dev/null; mv $D/base $D/moved", 0, "");
    tiny_expect_refused(fixture_path("alone"), "which is no folder here, expected that of the "
                                               "adapted model; give it by --base");
    program_expect("help >/dev/null; echo a b | $S encode $D/alone - --base $D/moved --out "
                   "$D/v.npy 2>/dev/null",
                   0, "");
}

Test(lora, adapters_are_trained_on) {
    static char path[300], base[300];
    static const char *const sets[] = {"model.config=null", "model.vocab=null", path, base, NULL};
    train_usual();
    program_expect("help >/dev/null; mv $D/run $D/first; cp -r $D/base $D/copy", 0, "");
    snprintf(path, sizeof path, "model.path=%s", fixture_path("first"));
    snprintf(base, sizeof base, "model.base=%s", fixture_path("copy"));
    tiny_run_result r = tiny_run_well(sets, TRAIN_NEW, 5);
    cr_expect_eq(r.summary.trainable, 2 * (48 + 48 + 64) + 3 * 36 + 3);
    tiny_run_well(sets, TRAIN_RESUME, 0);
    program_expect("help >/dev/null; grep -c copy $D/run/model/adapter_config.json", 0, "1\n");
}

static const struct {
    const char *sets[4], *part;
} wrong[] = {
    {{"lora.alpha=2"}, "lora has settings of new adapters, expected lora.rank"},
    {{"lora.targets=query"}, "lora has settings of new adapters, expected lora.rank"},
    {{"lora.merge=true"}, "there are no adapters, expected lora.rank"},
    {{"lora.rank=2", "lora.targets=[\"query\", \"que\"]"}, "is called \"que\" or ends so"},
    {{"lora.rank=13"},
     "lora: the rank is 13, expected 1 to 12, the smaller side of "
     "encoder.layer.0.attention.self.query [12, 12]"},
    {{"lora.rank=2", "model.freeze_layers=1"}, "expected no model.freeze_embeddings"},
    {{"lora.rank=2", "task=cross-encoder"}, "expected the task bi-encoder"},
    {{"lora.rank=2", "model.base=x"}, "there is no adapter_config.json"},
};

Test(lora, wrong_settings_are_refused) {
    tiny_folder("base");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused(wrong[i].sets, TRAIN_NEW, wrong[i].part);
    cr_expect_not(base_file_exists(fixture_path("run")));
}

Test(lora, a_run_does_not_replace_the_model_that_it_adapts) {
    static const char *const sets[] = {"max_steps=1", NULL};
    tiny_run_well(sets, TRAIN_NEW, 0);
    program_expect("help >/dev/null; ln -s run/model $D/base", 0, "");
    expect_refused(usual, TRAIN_OVERWRITE, "the new adapters would be for it");
}

Test(lora, new_adapters_are_not_put_on_others) {
    train_usual();
    program_expect("help >/dev/null; mv $D/base $D/moved; mv $D/run $D/base; rm -r $D/base/ch*; mv "
                   "$D/moved $D/base.model; sed -i 's:/base\":/base.model\":' "
                   "$D/base/model/adapter_config.json",
                   0, "");
    expect_refused(usual, TRAIN_NEW, "has adapters already, which go on as they are");
}

static const struct {
    const char *key, *value, *part;
} wrong_keys[] = {
    {"peft_type", "\"IA3\"", "peft_type is \"IA3\", expected \"LORA\""},
    {"peft_type", NULL, "peft_type is missing, expected \"LORA\""},
    {"use_dora", "true", "use_dora is set, expected plain LoRA or rsLoRA"},
    {"modules_to_save", "[\"pooler\"]", "modules_to_save is set"},
    {"alpha_pattern", "{\"key\": 3}", "alpha_pattern is set"},
    {"bias", "\"all\"", "bias is \"all\", expected \"none\""},
    {"init_lora_weights", "\"pissa\"", "init_lora_weights is \"pissa\", expected \"gaussian\""},
    {"target_modules", "[\"value\"]", "target_modules leaves out encoder.layer.0.attention.self."},
    {"exclude_modules", "[\"key\"]",
     "exclude_modules leaves out encoder.layer.0.attention.self.key, of which"},
    {"target_modules", "\".*\\\\.key\"", "target_modules leaves out encoder.layer.0."},
    {"target_modules", "\"([\"", "target_modules has \"([\", expected a regular expression"},
    {"target_modules", "5", "target_modules is of another kind, expected a pattern or a list"},
    {"target_modules", "null", "target_modules is missing, expected a pattern or a list of names"},
    {"exclude_modules", "\".*key\"",
     "exclude_modules leaves out encoder.layer.0.attention.self.key"},
    {"exclude_modules", "[7]", "exclude_modules is of another kind"},
    {"layers_to_transform", "[\"x\"]", "layers_to_transform is of another kind, expected a number"},
    {"layers_pattern", "\"blocks\"", "layers_pattern is set"},
    {"rank_pattern", "[4]", "rank_pattern is of another kind"},
    {"rank_pattern", "{\"([\": 2}", "rank_pattern has \"([\", expected a regular expression"},
    {"rank_pattern", "{\"layer.\\\\d.attention.self.(?:key|x)\": 1}",
     "lora_A.weight has shape [2, 12], expected [1, 12]"},
    {"bias", "true", "bias is no string, expected \"none\""},
    {"init_lora_weights", "3", "init_lora_weights is no string"},
    {"rank_pattern", "{\"key\": 1}", "lora_A.weight has shape [2, 12], expected [1, 12]"},
    {"rank_pattern", "{\".*self.key\": 0}", "key is 0, expected a whole number from 1"},
    {"r", "3", "lora_A.weight has shape [2, 12], expected [3, 12]"},
    {"r", "0", "r is 0, expected a whole number from 1"},
    {"lora_alpha", "\"8\"", "lora_alpha is \"8\", expected a number"},
    {"base_model_name_or_path", "null", "base_model_name_or_path is \"\", which is no folder here"},
};

Test(lora, other_adapters_are_refused) {
    base_bytes good = {0};
    base_error error = {0};
    train_usual();
    const char *config = "run/model/adapter_config.json";
    cr_assert(base_file_read(fixture_path(config), &good, &error));
    for (size_t i = 0; i < sizeof wrong_keys / sizeof *wrong_keys; i++) {
        tiny_edit(config, wrong_keys[i].key, wrong_keys[i].value);
        tiny_expect_refused(fixture_path("run"), wrong_keys[i].part);
        fixture_write(config, good.data, good.size);
    }
    tiny_edit(config, "target_modules", "[\"key\", \"output.dense\"]");
    tiny_edit(config, "layers_to_transform", "[0]");
    tiny_expect_refused(fixture_path("run"),
                        "layers_to_transform leaves out encoder.layer.1.attention.self.");
    fixture_text(config, "[]");
    tiny_expect_refused(fixture_path("run"), "adapter_config.json: not a JSON object");
    base_bytes_free(&good);
}

static const struct {
    const char *command, *part;
} other_bases[] = {
    /* fewer layers, other sizes, another family, adapters themselves */
    {"convert $D/base --layers 0 --out $D/other", "no adapter of a linear layer that the base"},
    {"init $D/wide.json --vocab $D/tiny.txt --out $D/other", "expected [2, 24] as its config says"},
    {"init $D/albert.json --vocab $D/tiny.txt --out $D/other", "encoder, of type albert, has"},
    {"convert $D/run --out $D/other", "expected the model that those of"},
};

Test(lora, adapters_of_another_model_are_refused) {
    char command[300];
    train_usual();
    program_expect("help >/dev/null; mkdir $D/alone; cp $D/run/model/adapter* $D/alone; sed "
                   "'s/size\": 12/size\": 24/' $D/tiny.json >$D/wide.json; sed "
                   "'s/\"bert\"/\"albert\"/' $D/tiny.json >$D/albert.json",
                   0, "");
    for (size_t i = 0; i < sizeof other_bases / sizeof *other_bases; i++) {
        snprintf(command, sizeof command, "help >/dev/null; rm -rf $D/other; $S %s 2>/dev/null",
                 other_bases[i].command);
        program_expect(command, 0, "");
        program_expect_part("help >/dev/null; echo a | $S encode $D/alone - --base $D/other --out "
                            "$D/v.npy",
                            2, other_bases[i].part);
    }
    /* with modules of its own beside it */
    program_expect(
        "help >/dev/null; rm -rf $D/other; $S init $D/wide.json --vocab $D/tiny.txt --out "
        "$D/other 2>/dev/null",
        0, "");
    program_expect_part("help >/dev/null; echo a | $S encode $D/run/model - --base $D/other --out "
                        "$D/v.npy",
                        2, "run/model behind ");
}
